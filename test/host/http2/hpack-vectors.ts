/** The examples of RFC 7541, appendix C, by hand: blocks, what they say, and what the table has after each. */

export interface Vector {
  block: string
  fields: readonly string[]
  tableBytes: number
}

const get = (scheme: string, path: string) => [':method', 'GET', ':scheme', scheme, ':path', path]
const authority = [':authority', 'www.example.com']

const requests: readonly (readonly string[])[] = [
  [...get('http', '/'), ...authority],
  [...get('http', '/'), ...authority, 'cache-control', 'no-cache'],
  [...get('https', '/index.html'), ...authority, 'custom-key', 'custom-value'],
]

const response = (status: string, second: number) => [
  ...[':status', status, 'cache-control', 'private', 'date', `Mon, 21 Oct 2013 20:13:2${second} GMT`],
  ...['location', 'https://www.example.com'],
]

const responses: readonly (readonly string[])[] = [
  response('302', 1),
  response('307', 1),
  [
    ...response('200', 2),
    ...['content-encoding', 'gzip', 'set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ],
]

const list = (fields: readonly (readonly string[])[], tableBytes: readonly number[], blocks: readonly string[]) =>
  blocks.map((block, i): Vector => ({ block, fields: fields[i]!, tableBytes: tableBytes[i]! }))

/** C.2: lone fields, each for a decoder of its own. */
export const fields: readonly Vector[] = [
  {
    block: '400a637573746f6d2d6b65790d637573746f6d2d686561646572',
    fields: ['custom-key', 'custom-header'],
    tableBytes: 55,
  },
  { block: '040c2f73616d706c652f70617468', fields: [':path', '/sample/path'], tableBytes: 0 },
  { block: '100870617373776f726406736563726574', fields: ['password', 'secret'], tableBytes: 0 },
  { block: '82', fields: [':method', 'GET'], tableBytes: 0 },
]

/** C.3: requests without Huffman coding. */
export const plainRequests = list(
  requests,
  [57, 110, 164],
  [
    '828684410f7777772e6578616d706c652e636f6d',
    '828684be58086e6f2d6361636865',
    '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
  ],
)

/** C.4: the same with Huffman coding. */
export const huffmanRequests = list(
  requests,
  [57, 110, 164],
  [
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    '828684be5886a8eb10649cbf',
    '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
  ],
)

/** C.5: responses without Huffman coding, and a table of 256 bytes. */
export const plainResponses = list(
  responses,
  [222, 222, 215],
  [
    '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
      '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
    '4803333037c1c0bf',
    '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b425a584f' +
      '5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31',
  ],
)

/** C.6: the same with Huffman coding. */
export const huffmanResponses = list(
  responses,
  [222, 222, 215],
  [
    '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3',
    '4883640effc1c0bf',
    '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1' +
      'ab270fb5291f9587316065c003ed4ee5b1063d5007',
  ],
)
