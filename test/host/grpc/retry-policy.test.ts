import assert from 'node:assert/strict'
import { AttemptCount, type RetryPolicy, readRetryPolicy } from '../../../host/grpc/retry-policy.js'
import type { CallStatus } from '../../../host/grpc/transport.js'

const good = {
  maxAttempts: 4,
  initialBackoff: '100ms',
  maxBackoff: 1000,
  backoffMultiplier: 1.5,
  retryableStatusCodes: ['UNAVAILABLE', 'aborted', 8],
}

describe('readRetryPolicy', () => {
  it('reads the keys of a service config', () => {
    assert.deepEqual(readRetryPolicy(good), {
      maxAttempts: 4,
      initialBackoffMs: 100,
      maxBackoffMs: 1000,
      backoffMultiplier: 1.5,
      retryable: new Set([14, 10, 8]),
    })
  })

  it('takes more than five attempts for five', () => {
    assert.equal(readRetryPolicy({ ...good, maxAttempts: 100 }).maxAttempts, 5)
  })

  const keys = 'maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes'
  const status = 'the name or the number of a status other than OK, as "UNAVAILABLE" or 14'
  const { maxBackoff: _, ...incomplete } = good
  for (const [value, message] of [
    [5, `'5', it needs to be an object with the keys ${keys}`],
    [null, `'<nil>', it needs to be an object with the keys ${keys}`],
    [[], `'[]interface {}{}', it needs to be an object with the keys ${keys}`],
    [{ ...good, retries: 3 }, `unknown key "retries", the keys are ${keys}`],
    [incomplete, 'maxBackoff is missing'],
    [{ ...good, maxAttempts: 1 }, "maxAttempts is '1', it needs to be an integer greater than 1"],
    [{ ...good, maxAttempts: 2.5 }, "maxAttempts is '2.5', it needs to be an integer greater than 1"],
    [{ ...good, initialBackoff: '0s' }, `initialBackoff is '"0s"', it needs to be greater than 0`],
    [{ ...good, initialBackoff: 'soon' }, 'initialBackoff: time: invalid duration "soon"'],
    [{ ...good, maxBackoff: true }, 'maxBackoff: unable to use type bool as a duration value'],
    [{ ...good, backoffMultiplier: 0 }, "backoffMultiplier is '0', it needs to be a number greater than 0"],
    [
      { ...good, backoffMultiplier: Number.POSITIVE_INFINITY },
      "backoffMultiplier is '+Inf', it needs to be a number greater than 0",
    ],
    [
      { ...good, retryableStatusCodes: [] },
      "retryableStatusCodes is '[]interface {}{}', it needs to be a list of at least one status code",
    ],
    [
      { ...good, retryableStatusCodes: 'UNAVAILABLE' },
      `retryableStatusCodes is '"UNAVAILABLE"', it needs to be a list of at least one status code`,
    ],
    ...[
      ['OK', '"OK"'],
      [0, '0'],
      ['GONE', '"GONE"'],
      [17, '17'],
      [1.5, '1.5'],
      [null, '<nil>'],
    ].map(([code, shown]) => [
      { ...good, retryableStatusCodes: [14, code] },
      `a member of retryableStatusCodes is '${shown}', it needs to be ${status}`,
    ]),
  ] as [unknown, string][]) {
    it(`refuses: ${message}`, () => assert.throws(() => readRetryPolicy(value), { message }))
  }
})

describe('AttemptCount', () => {
  const policy: RetryPolicy = {
    maxAttempts: 4,
    initialBackoffMs: 100,
    maxBackoffMs: 250,
    backoffMultiplier: 2,
    retryable: new Set([14]),
  }

  function ended(status: number, pushback?: string[]): CallStatus {
    const trailers = new Map(pushback === undefined ? [] : [['grpc-retry-pushback-ms', pushback]])
    return { status, message: '', headers: new Map(), trailers }
  }

  /** The pauses after attempts that ended so, one after the other. */
  function pauses(random: number, ...results: CallStatus[]): (number | undefined)[] {
    const count = new AttemptCount(policy, () => random)
    return results.map((result) => {
      count.add()
      return count.pauseMsAfter(result)
    })
  }

  const down = ended(14)

  it('makes pauses that grow up to the longest, give or take a fifth, until all attempts are made', () => {
    assert.deepEqual(pauses(0.5, down, down, down, down), [100, 200, 250, undefined])
    assert.deepEqual(pauses(0, down), [80])
    assert.deepEqual(pauses(1, down), [120])
  })

  it('makes no attempt after another status, or when the request cannot be sent', () => {
    assert.deepEqual(pauses(1, ended(0)), [undefined])
    assert.deepEqual(pauses(1, ended(13)), [undefined])
    assert.deepEqual(pauses(1, { ...down, isUnsendable: true }), [undefined])
  })

  it('makes the pause that the server asks for, and begins anew after it', () => {
    assert.deepEqual(pauses(0.5, down, ended(14, ['7']), down), [100, 7, 100])
    assert.deepEqual(pauses(1, ended(14, ['0'])), [0])
    assert.deepEqual(pauses(1, ended(13, ['7'])), [undefined])
  })

  it('makes no attempt when the server wants none, or says what nobody can read', () => {
    for (const pushback of [['-1'], ['soon'], [''], ['1.5'], ['007'], ['2147483648'], ['1', '2']]) {
      assert.deepEqual(pauses(1, ended(14, pushback)), [undefined], String(pushback))
    }
  })
})
