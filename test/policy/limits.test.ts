import assert from 'node:assert/strict'
import { limitsFrom, trustedLimits } from '../../policy/limits.js'

describe('limitsFrom', () => {
  it('puts the given limits over the defaults, with units', () => {
    assert.deepEqual(limitsFrom([]), trustedLimits)
    const limits = limitsFrom([
      ['cpuMs', '2s'],
      ['initCpuMs', '1.5m'],
      ['memoryBytes', '64MB'],
      ['stackBytes', '256 kb'],
      ['fileBytes', '1gb'],
      ['vmLosses', '1'],
      ['cpuMs', '250ms'],
    ])
    assert.deepEqual(limits, {
      ...trustedLimits,
      cpuMs: 250,
      initCpuMs: 90_000,
      memoryBytes: 64 * 1024 ** 2,
      stackBytes: 256 * 1024,
      fileBytes: 1024 ** 3,
      vmLosses: 1,
    })
  })

  it('leaves what it starts from as it is', () => {
    const before = { ...trustedLimits }
    limitsFrom([['cpuMs', '1']])
    assert.deepEqual(trustedLimits, before)
    assert.ok(Object.isFrozen(trustedLimits))
  })

  it('refuses unknown names, also those of Object.prototype, and says which there are', () => {
    for (const name of ['cpu', 'cpums', 'toString', '__proto__', 'constructor', '']) {
      assert.throws(() => limitsFrom([[name, '1']]), {
        code: 'OPTIONS_INVALID',
        message: `unknown limit "${name}"`,
        hint: /^limits are cpuMs, initCpuMs, stageCpuMs/,
      })
    }
  })

  it('refuses values that are no number of their kind', () => {
    for (const [name, text] of [
      ['cpuMs', ''],
      ['cpuMs', 'fast'],
      ['cpuMs', '-1'],
      ['cpuMs', '1mb'],
      ['cpuMs', '1d'],
      ['memoryBytes', '2s'],
      ['memoryBytes', '1e9'],
      ['vmLosses', '3ms'],
      ['vmLosses', '3kb'],
      ['cpuMs', '1s2s'],
    ] as const) {
      assert.throws(
        () => limitsFrom([[name, text]]),
        { code: 'OPTIONS_INVALID', message: /^limit \w+: ".*" is not a \w+$/ },
        `${name}=${text}`,
      )
    }
  })

  it('refuses values out of range, with the range', () => {
    for (const [name, text] of [
      ['cpuMs', '0'],
      ['memoryBytes', '23mb'],
      ['memoryBytes', '3gb'],
      ['stackBytes', '63kb'],
      ['stackBytes', '2mb'],
      ['vmLosses', '0'],
    ] as const) {
      assert.throws(() => limitsFrom([[name, text]]), {
        code: 'OPTIONS_INVALID',
        message: /is out of range$/,
        hint: /^from \d+ to /,
      })
    }
    assert.equal(limitsFrom([['memoryBytes', '24mb']]).memoryBytes, 24 * 1024 ** 2)
    assert.equal(limitsFrom([['stackBytes', '1mb']]).stackBytes, 1024 ** 2)
  })
})
