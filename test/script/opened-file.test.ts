import assert from 'node:assert/strict'
import { openedFile } from '../../script/opened-file.js'

const main = 'file:///w/main.js'
const helper = 'file:///w/lib/helper.js'

describe('openedFile', () => {
  it('looks beside the module that runs; beside the main module when none can be told', () => {
    assert.deepEqual(openedFile(main, './a.txt', helper), { path: '/w/lib/a.txt' })
    assert.deepEqual(openedFile(main, 'a.txt', ''), { path: '/w/a.txt' })
    assert.deepEqual(openedFile(main, '../b c%.txt', helper), { path: '/w/b c%.txt' })
  })

  it('warns in the words of k6 when the call is written in a module of another folder', () => {
    const { path, warning } = openedFile(main, 'a.txt', main, helper)
    assert.equal(path, '/w/a.txt')
    assert.match(
      warning!,
      /^open\(\) was used and is currently relative to 'file:\/\/\/w\/', but in the future it will be aligned with how `require` and imports work and will be relative to 'file:\/\/\/w\/lib\/helper\.js'\./,
    )
    assert.equal(openedFile(main, 'a.txt', main, 'file:///w/other.js').warning, undefined)
  })

  it('does not warn where the folder makes no difference', () => {
    for (const path of ['/etc/a.txt', 'file:///etc/a.txt']) {
      assert.deepEqual(openedFile(main, path, main, helper), { path: '/etc/a.txt' })
    }
  })

  it('closes all files to remote modules, even if a file calls them', () => {
    const remote = 'https://host.test/a.js'
    for (const path of ['a.txt', '/etc/passwd', 'file:///etc/passwd']) {
      for (const [base, writtenIn] of [
        [remote, remote],
        [main, remote],
        [remote, main],
      ] as const) {
        assert.throws(() => openedFile(main, path, base, writtenIn), {
          message: `origin (${remote}) not allowed to load local file: ${path}`,
        })
      }
    }
  })
})
