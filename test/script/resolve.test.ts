import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import { fileUrlBeside, notFoundText, pathOfUrl, resolveSpecifier } from '../../script/resolve.js'

describe('resolveSpecifier', () => {
  const base = 'file:///folder/sub/script.js'
  const url = (specifier: string, from = base) => {
    const resolved = resolveSpecifier(from, specifier)
    assert.equal(resolved.kind, 'file')
    return (resolved as { url: string }).url
  }

  it('takes k6 and what is below it for modules of k6', () => {
    for (const name of ['k6', 'k6/http', 'k6/net/grpc', 'k6/x/any']) {
      assert.deepEqual(resolveSpecifier(base, name), { kind: 'native', name })
    }
  })

  it('takes everything else for a path: relative, absolute, or beside the importing file without any dots', () => {
    assert.equal(url('./a.js'), 'file:///folder/sub/a.js')
    assert.equal(url('../a.js'), 'file:///folder/a.js')
    assert.equal(url('../../../../a.js'), 'file:///a.js')
    assert.equal(url('/abs/a.js'), 'file:///abs/a.js')
    assert.equal(url('lib/a.js'), 'file:///folder/sub/lib/a.js')
    assert.equal(url('lodash'), 'file:///folder/sub/lodash')
    assert.equal(url('k6lib'), 'file:///folder/sub/k6lib')
    assert.equal(url('./k6'), 'file:///folder/sub/k6')
  })

  it('guesses no extension and adds none', () => {
    assert.equal(url('./a'), 'file:///folder/sub/a')
    assert.equal(url('./a.min'), 'file:///folder/sub/a.min')
  })

  it('takes every letter of a path for itself: percent signs, marks, blanks, colons', () => {
    for (const name of [
      'a%2fb.js',
      'a?b.js',
      'a#b.js',
      'a b.js',
      'a\\b.js',
      'a:b.js',
      'belljar:boot.js',
      '%2e%2e',
      'ä.js',
      'a\nb',
    ]) {
      assert.equal(pathOfUrl(url(`./${name}`)), `/folder/sub/${name}`)
      assert.equal(pathOfUrl(url(name)), `/folder/sub/${name}`)
      assert.equal(pathOfUrl(url(`/${name}`)), `/${name}`)
    }
  })

  it('reads file URLs of this machine, and no others', () => {
    assert.equal(url('file:///other/a.js'), 'file:///other/a.js')
    assert.equal(url('file:///other/../a.js'), 'file:///a.js')
    for (const wrong of ['file://host/a.js', 'file://%', 'file:///a%2fb.js', 'file:///%E0%A4%A']) {
      assert.throws(
        () => resolveSpecifier(base, wrong),
        (e) => isAppError(e, 'SCRIPT_EXCEPTION'),
        wrong,
      )
    }
  })

  it('takes https URLs for remote modules, in one spelling, and paths in a remote module for remote ones', () => {
    const remote = 'https://host.test/lib/a.js?v=1'
    for (const [from, specifier, expected] of [
      [base, 'https://HOST.test:443/lib/../a.js#part', 'https://host.test/a.js'],
      [remote, './b.js', 'https://host.test/lib/b.js'],
      [remote, '../b.js', 'https://host.test/b.js'],
      [remote, '/b.js', 'https://host.test/b.js'],
      [remote, 'b.js', 'https://host.test/lib/b.js'],
      [remote, '//other.test/b.js', 'https://other.test/b.js'],
    ] as const) {
      assert.deepEqual(resolveSpecifier(from, specifier), { kind: 'remote', url: expected })
    }
    assert.deepEqual(resolveSpecifier(remote, 'k6/http'), { kind: 'native', name: 'k6/http' })
    for (const wrong of ['https://', 'https://user@host.test/a.js', 'https://u:p@host.test/a.js', 'https://[::/a.js']) {
      assert.throws(() => resolveSpecifier(base, wrong), { code: 'SCRIPT_EXCEPTION' }, wrong)
    }
  })

  it('closes files to remote modules', () => {
    assert.throws(() => resolveSpecifier('https://host.test/a.js', 'file:///etc/passwd'), {
      code: 'SCRIPT_EXCEPTION',
      message: 'origin (https://host.test/a.js) not allowed to load local file: file:///etc/passwd',
    })
  })

  it('refuses the short URLs that k6 has given up', () => {
    for (const special of ['cdnjs.com/libraries/Faker', 'github.com/owner/name/file.js']) {
      assert.throws(() => resolveSpecifier(base, special), {
        code: 'SCRIPT_EXCEPTION',
        message: /'special' urls are no longer supported/,
      })
    }
  })

  it('refuses other schemes by their names', () => {
    for (const scheme of ['http', 'ftp', 'data', 'node', 'belljar', 'FILE']) {
      assert.throws(() => resolveSpecifier(base, `${scheme}://x/a.js`), {
        code: 'SCRIPT_EXCEPTION',
        message: `only supported schemes for imports are file and https, ${scheme}://x/a.js has \`${scheme}\``,
      })
    }
  })

  it('gives no other URL than one of a file, whatever the specifier', () => {
    for (const odd of [
      '',
      '.',
      '..',
      '/',
      '//host/a',
      '\\\\host\\a',
      'C:\\a',
      'javascript:1',
      'data:,x',
      'about:blank',
      '\u0000',
      ' /a',
    ]) {
      assert.match(url(odd), /^file:\/\/\//, JSON.stringify(odd))
    }
  })

  it('names what was not found as the script wrote it', () => {
    assert.match(notFoundText('./nope.js'), /^The moduleSpecifier "\.\/nope\.js" couldn't be found on local disk\./)
  })
})

describe('fileUrlBeside', () => {
  it('starts at the folder of the file', () => {
    assert.equal(fileUrlBeside('file:///a/b/c.js', 'data.json'), 'file:///a/b/data.json')
    assert.equal(fileUrlBeside('file:///a/b/c.js', '../data.json'), 'file:///a/data.json')
    assert.equal(fileUrlBeside('file:///a/b/c.js', '/data.json'), 'file:///data.json')
  })
})
