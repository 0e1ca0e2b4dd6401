import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isAppError } from '../../errors.js'
import { parseIp } from '../../policy/ip-address.js'
import { coversAddress, coversName, isAbout, normalName, parseNetworkRule } from '../../policy/network-rule.js'

describe('parseNetworkRule', () => {
  const place = (text: string) => {
    const { scheme, place, firstPort, lastPort } = parseNetworkRule(text)
    const name = place.kind === 'name' ? `${place.isBelow ? 'below ' : ''}${place.name}` : ''
    const what = place.kind === 'addresses' ? place.range.text : place.kind === 'any' ? 'any' : name
    return [scheme ?? '', what, `${firstPort}-${lastPort}`]
  }

  it('reads schemes, names, addresses, ranges and ports', () => {
    assert.deepEqual(place('api.example.com'), ['', 'api.example.com', '0-65535'])
    assert.deepEqual(place('API.Example.com.'), ['', 'api.example.com', '0-65535'])
    assert.deepEqual(place('*.example.com:443'), ['', 'below example.com', '443-443'])
    assert.deepEqual(place('grpcs://a.test:8000-8999'), ['grpcs', 'a.test', '8000-8999'])
    assert.deepEqual(place('http://*'), ['http', 'any', '0-65535'])
    assert.deepEqual(place('*:25'), ['', 'any', '25-25'])
    assert.deepEqual(place('10.0.0.0/8:1'), ['', '10.0.0.0/8', '1-1'])
    assert.deepEqual(place('127.0.0.1'), ['', '127.0.0.1/32', '0-65535'])
    assert.deepEqual(place('https://[fd00::/8]:443'), ['https', 'fd00::/8', '443-443'])
    assert.deepEqual(place('[::1]'), ['', '::1/128', '0-65535'])
    assert.deepEqual(place('::1'), ['', '::1/128', '0-65535'])
    assert.deepEqual(place('fe80::/10'), ['', 'fe80::/10', '0-65535'])
  })

  for (const [text, why] of [
    ['', 'names no place'],
    [':443', 'names no place'],
    ['ftp://a.test', 'has no scheme of grpc, grpcs, http, https'],
    ['GRPC://a.test', 'has no scheme of'],
    ['://a.test', 'has no scheme of'],
    ['a.test:', 'has the port "", which is no number'],
    ['a.test:http', 'has the port "http"'],
    ['a.test:1-', 'has the port "1-"'],
    ['a.test:1-2-3', 'has the port "1-2-3"'],
    ['a.test:0', 'has a port that is not from 1 to 65535'],
    ['a.test:70000', 'has a port that is not from 1 to 65535'],
    ['a.test:9-1', 'has a range of ports whose end is before its beginning'],
    ['a.*.test', 'may have "*" only as all of its first label'],
    ['*a.test', 'may have "*" only as all of its first label'],
    ['**', 'may have "*" only as all of its first label'],
    ['bücher.test', 'must have its name in ASCII'],
    ['127。0。0。1', 'must have its name in ASCII'],
    ['127.1', 'has an IPv4 address that is not four numbers'],
    ['2130706433', 'has an IPv4 address that is not four numbers'],
    ['0x7f000001', 'has an IPv4 address that is not four numbers'],
    ['0177.0.0.1', 'has an IPv4 address that is not four numbers'],
    ['10.1.2.3/8', 'has bits behind its prefix; that range is 10.0.0.0/8'],
    ['10.0.0.0/33', 'needs a number from 0 to 32 after the "/"'],
    ['fd00::/129', 'needs a number from 0 to 128 after the "/"'],
    ['a.test/8', 'has a range that does not begin with an IP address'],
    ['::ffff:10.0.0.1', 'must have its IPv4 address in IPv4 form'],
    ['fe80::1%eth0', 'has an IPv6 address that is none'],
    ['[fe80::1', 'has no "]" for its "["'],
    ['[10.0.0.1]:1', 'has brackets around what is no IPv6 address'],
    ['[::1]443', 'has something else than a port behind its "]"'],
    ['user@a.test', 'has a name that is none'],
    ['a..test', 'has a name that is none'],
    ['a.test\n', 'has a name that is none'],
    ['http://a.test/path', 'has a range that does not begin with an IP address'],
    ['x'.repeat(401), 'has more than 400 characters'],
  ] as const) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(
        () => parseNetworkRule(text),
        (e) => isAppError(e, 'POLICY_INVALID') && e.message.includes(why),
      )
    })
  }

  it('reads anything or refuses it in words', () => {
    const piece = fc.oneof(
      fc.constantFrom('*', '.', ':', '/', '[', ']', '-', '://', 'grpc', '10', '::', 'a'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          assert.equal(parseNetworkRule(pieces.join('')).text, pieces.join(''))
        } catch (e) {
          assert.ok(isAppError(e, 'POLICY_INVALID'), String(e))
        }
      }),
    )
  })

  it('covers names, addresses and ports', () => {
    const covers = (rule: string, name: string) => coversName(parseNetworkRule(rule), normalName(name))
    assert.equal(covers('a.test', 'A.Test.'), true)
    assert.equal(covers('a.test', 'b.a.test'), false)
    assert.equal(covers('*.a.test', 'c.b.a.test'), true)
    assert.equal(covers('*.a.test', 'a.test'), false)
    assert.equal(covers('*.a.test', 'xa.test'), false)
    assert.equal(covers('*', 'a.test'), true)
    assert.equal(covers('10.0.0.0/8', '10.0.0.1'), false)
    const holds = (rule: string, ip: string) => coversAddress(parseNetworkRule(rule), parseIp(ip)!)
    assert.equal(holds('10.0.0.0/8', '10.1.2.3'), true)
    assert.equal(holds('10.0.0.0/8', '11.1.2.3'), false)
    assert.equal(holds('*', '10.1.2.3'), false)
    const about = isAbout(parseNetworkRule('grpc://*:10-20'), 'grpc', 20)
    assert.deepEqual([about, isAbout(parseNetworkRule('grpc://*:10-20'), 'grpcs', 20)], [true, false])
    assert.equal(isAbout(parseNetworkRule('*:10-20'), 'http', 21), false)
  })
})
