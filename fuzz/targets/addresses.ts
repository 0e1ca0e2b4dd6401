/** Targets, host names, addresses and ranges: what is read means the same to the network as to the policy. */
import assert from 'node:assert/strict'
import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { isAppError } from '../../errors.js'
import { HostPatternMap } from '../../host/host-pattern.js'
import { embeddedIpv4, formatIp, isInRange, parseIp, parseIpRange } from '../../policy/ip-address.js'
import { NetworkPolicy } from '../../policy/network.js'
import { Patterns } from '../../policy/patterns.js'
import { privateRanges } from '../../policy/private-ranges.js'
import { isHostName, parseTarget, TargetError } from '../../policy/target.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileText } from '../texts.js'

const publicOnly = new NetworkPolicy({ default: 'allow', privateRanges: 'closed', allow: [], deny: [] })

/** The same ranges by the rules of Node.js. */
const closed = { ipv4: new BlockList(), ipv6: new BlockList() }
for (const range of privateRanges) {
  const [network = '', bits] = range.split('/')
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  closed[family].addSubnet(network, Number(bits), family)
}

const octet = fc.oneof(
  fc.integer({ min: 0, max: 260 }).map(String),
  fc.constantFrom('00', '01', '0x7f', '0177', '', '4294967295'),
)
const v4 = fc.array(octet, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'))
const group = fc.oneof(
  fc.integer({ min: 0, max: 0x1ffff }).map((n) => n.toString(16)),
  fc.constantFrom('', '0', 'ffff', '64:ff9b', '2002'),
)
const v6 = fc.oneof(
  fc.array(group, { minLength: 2, maxLength: 9 }).map((parts) => parts.join(':')),
  fc
    .tuple(fc.constantFrom('::ffff:', '::', '64:ff9b::', '2002:7f00:1::', '::ffff:0:', 'fe80::1%'), fc.oneof(v4, group))
    .map((p) => p.join('')),
)
const name = fc.oneof(
  fc.constantFrom(
    'localhost',
    'LOCALHOST.',
    'a.b',
    'xn--a',
    '①②⑦.0.0.1',
    '127。0。0。1',
    '_x',
    'a-',
    '-a',
    '0x7f.1',
    '1.2.3',
    'a.0x',
    'a..b',
  ),
  hostileText,
)
const host = fc.oneof(
  v4,
  v6,
  v6.map((text) => `[${text}]`),
  name,
)
const port = fc.oneof(
  fc.integer({ min: -1, max: 70_000 }).map(String),
  fc.constantFrom('', '080', '0x50', '80\n', 'http', ' 80'),
)
const scheme = fc.constantFrom(
  '',
  '',
  'dns:///',
  'dns:',
  'passthrough:///',
  'unix:',
  'ipv4:',
  'dns://8.8.8.8/',
  'http://',
)
const wholeTarget = fc.tuple(scheme, host, fc.constantFrom(':', ''), port).map((parts) => parts.join(''))

export const target: FuzzTarget = {
  seeds: () => ['127.0.0.1:80', '[::1]:80', 'dns:///a.b:1', '10.0.0.0/8', '*.a.b', 'k6/*'].map(bytesOf),
  structured: fc
    .oneof(
      wholeTarget,
      host,
      fc.tuple(host, fc.nat(140)).map((p) => p.join('/')),
      name,
    )
    .map(bytesOf),
  words: [
    '127.0.0.1',
    '::ffff:',
    '0x7f000001',
    '2130706433',
    '169.254.169.254',
    '[',
    ']',
    ':',
    '/',
    '%',
    '@',
    '*',
    '.',
  ],
  run(bytes) {
    const text = textOf(bytes)
    checkPatterns(text)
    const answers = [checkAddress(text), checkRange(text), checkName(text)]
    try {
      const { endpoint, host, port } = parseTarget(text)
      assert.ok(text.endsWith(endpoint))
      assert.ok(!/[[\]]/.test(host + port))
      answers.push('target', checkAddress(host), checkName(host))
    } catch (e) {
      answers.push(refusal(e, bytes, TargetError))
    }
    return answers.join()
  },
}

function checkAddress(text: string): string {
  const ip = parseIp(text)
  // Node.js reads zones too, which a policy must not.
  assert.equal(ip !== undefined, isIP(text) !== 0 && !text.includes('%'), `parseIp(${JSON.stringify(text)})`)
  if (ip === undefined) return ''
  assert.equal(ip.family, isIP(text))
  const again = parseIp(formatIp(ip.family, ip.value))
  assert.deepEqual([again?.family, again?.value], [ip.family, ip.value])
  let isOpen = true
  try {
    publicOnly.check({ hostName: 'x', ip, port: 443, isLookedUp: true }, { scheme: 'https', vu: 0 })
  } catch (e) {
    if (!isAppError(e, 'NETWORK_DENIED')) throw e
    isOpen = false
  }
  const inner = embeddedIpv4(ip)
  const isClosed =
    closed[ip.family === 4 ? 'ipv4' : 'ipv6'].check(text, ip.family === 4 ? 'ipv4' : 'ipv6') ||
    inner.some(({ value }) => closed.ipv4.check(formatIp(4, value), 'ipv4'))
  assert.equal(isOpen, !isClosed, `the judge on ${text}`)
  return `${ip.family}${isOpen}${inner.length}`
}

function checkRange(text: string): string {
  const range = parseIpRange(text)
  if (range === undefined) return ''
  assert.ok(isInRange({ family: range.family, value: range.network, text: '' }, range))
  assert.deepEqual(parseIpRange(range.text), range)
  return `range${range.family}`
}

/** A name that may be looked up is not read as an address by anybody: the parser of URLs reads all forms that resolvers do. */
function checkName(text: string): string {
  if (!isHostName(text)) return ''
  assert.match(text, /^[\x21-\x7e]{1,253}$/)
  const url = `http://${text}/`
  if (URL.canParse(url)) assert.ok(!isIPv4(new URL(url).hostname), `${text} is read as an address`)
  return 'name'
}

/** Against regular expressions, whose time is bounded by the size of what is given here. */
function checkPatterns(text: string): void {
  const [pattern = '', name = ''] = text.slice(0, 60).split(':')
  if ((pattern.match(/\*/g)?.length ?? 0) > 4) return
  const literal = (part: string) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const whole = new RegExp(`^${pattern.split('*').map(literal).join('.*')}$`, 's')
  assert.equal(new Patterns([pattern]).match(name), whole.test(name), `${pattern} and ${name}`)
  const found = new HostPatternMap([[pattern, 1]]).find(name)
  const ending = pattern.toLowerCase()
  const fits = ending.startsWith('*') ? name.toLowerCase().endsWith(ending.slice(1)) : name.toLowerCase() === ending
  assert.equal(found !== undefined, fits)
}
