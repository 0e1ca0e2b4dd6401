import assert from 'node:assert/strict'
import { LockedModules, lockText, type ModuleLock, parseLock, sha256Of } from '../../script/module-lock.js'

const a = 'https://host.test/a.js'
const b = 'https://host.test/b.js'
const hash = (text: string) => sha256Of(Buffer.from(text))

/** Serves texts by URL. */
const fetcherOf = (texts: Record<string, string>) => ({
  fetch: async (url: string) => ({ bytes: Buffer.from(texts[url]!), finalUrl: url === b ? `${b}?moved` : url }),
})

describe('the lock file', () => {
  it('has each module with its hash and size, sorted by URL', async () => {
    const modules = new LockedModules(fetcherOf({ [a]: 'one', [b]: 'two' }), undefined)
    await modules.fetch(b)
    await modules.fetch(a)
    assert.equal(
      lockText(modules.found),
      `{
  "version": 1,
  "modules": {
    "${a}": {
      "sha256": "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed",
      "bytes": 3
    },
    "${b}": {
      "sha256": "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3",
      "bytes": 3,
      "redirectedTo": "${b}?moved"
    }
  }
}
`,
    )
  })

  it('is read as it was written', async () => {
    const modules = new LockedModules(fetcherOf({ [a]: 'one' }), undefined)
    await modules.fetch(a)
    assert.deepEqual([...parseLock(lockText(modules.found), 'x')], [[a, { sha256: hash('one'), bytes: 3 }]])
  })

  it('is refused, with its name and the way to a new one, when it is something else', () => {
    for (const [text, why] of [
      ['', 'it is not JSON'],
      ['null', 'it is not of version 1'],
      ['{"version":2,"modules":{}}', 'it is not of version 1'],
      ['{"version":1}', '"modules" is not an object'],
      ['{"version":1,"modules":[]}', '"modules" is not an object'],
      ['{"version":1,"modules":{"u":null}}', 'modules["u"] has no sha256 and bytes'],
      ['{"version":1,"modules":{"u":{"sha256":"ABC","bytes":1}}}', 'modules["u"] has no sha256 and bytes'],
      [`{"version":1,"modules":{"u":{"sha256":"${hash('')}","bytes":"1"}}}`, 'modules["u"] has no sha256 and bytes'],
      [' '.repeat(4 * 1024 * 1024 + 1), 'it has more than 4194304 letters'],
    ] as const) {
      assert.throws(() => parseLock(text, 'x.lock.json'), {
        code: 'OPTIONS_INVALID',
        message: `the lock file x.lock.json cannot be read: ${why}`,
        hint: '--update-lock writes it anew',
      })
    }
  })
})

describe('LockedModules', () => {
  const lock: ModuleLock = new Map([[a, { sha256: hash('one'), bytes: 3 }]])

  it('hands out what the lock expects', async () => {
    const modules = new LockedModules(fetcherOf({ [a]: 'one' }), lock)
    assert.equal(Buffer.from(await modules.fetch(a)).toString(), 'one')
  })

  it('refuses what has changed, with both hashes', async () => {
    await assert.rejects(new LockedModules(fetcherOf({ [a]: 'other' }), lock).fetch(a), {
      code: 'LOCK_MISMATCH',
      message:
        `the remote module ${a} has changed: the lock file expects sha256 ${hash('one')} (3 bytes), ` +
        `got ${hash('other')} (5 bytes)`,
      hint: '--update-lock takes the new one, if you trust it',
    })
  })

  it('does not even ask for what the lock does not have', async () => {
    const modules = new LockedModules({ fetch: () => assert.fail('it was asked for') }, lock)
    await assert.rejects(modules.fetch(b), {
      code: 'LOCK_MISMATCH',
      message: `the remote module ${b} is not in the lock file`,
    })
  })
})
