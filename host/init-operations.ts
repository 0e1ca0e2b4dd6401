/**
 * What the operations that init code calls mean for a VU whose VM is a copy of another one's, in which that code has run:
 * modules/ and the script have the answers in their copy, and the host has to stand as if this VU had asked.
 */

/**
 * - `shared`: the answer depends on the arguments and on what all VUs of the thread have in common, and nothing is kept of it
 *   for one VU. Nothing is to be done again.
 * - `kept`: something is kept for the VU. To be done again, in the same order, and the answer has to be the same.
 * - `told`: the same, and somebody sees it. To be done again once it is certain that the copy is used.
 */
export type InitOperation = 'shared' | 'kept' | 'told'

/** Of all others (time, randomness, who the VU is, anything that waits) a copy would have what was another VU's. */
export const initOperations: ReadonlyMap<string, InitOperation> = new Map([
  ['commonjs.json', 'shared'],
  ['commonjs.linked', 'shared'],
  ['commonjs.resolve', 'shared'],
  ['commonjs.url', 'shared'],
  ['console.log', 'told'],
  ['console.warn', 'told'],
  ['crypto.checkHmac', 'shared'],
  ['crypto.hash', 'shared'],
  ['crypto.hexEncode', 'shared'],
  ['crypto.hmac', 'shared'],
  // Only the number of an array that is there is an answer at once.
  ['data.claim', 'shared'],
  ['data.element', 'shared'],
  ['data.length', 'shared'],
  ['encoding.decode', 'shared'],
  ['encoding.decodeText', 'shared'],
  ['encoding.encode', 'shared'],
  ['files.bytes', 'shared'],
  ['files.text', 'shared'],
  ['fs.open', 'kept'],
  ['fs.read', 'shared'],
  ['grpc.create', 'kept'],
  ['grpc.free', 'kept'],
  ['grpc.load', 'kept'],
  ['grpc.loadProtoset', 'kept'],
  ['http.freeJar', 'kept'],
  ['http.newJar', 'kept'],
  ['http.setExpected', 'kept'],
  ['metrics.declare', 'shared'],
  ['metrics.forgetTagSets', 'kept'],
  ['metrics.metadata', 'kept'],
  ['metrics.ring', 'kept'],
  ['metrics.series', 'kept'],
  ['metrics.tagSet', 'kept'],
  ['metrics.vuTags', 'kept'],
  ['utf8.decode', 'shared'],
  ['utf8.encode', 'shared'],
  ['x509.parse', 'shared'],
])
