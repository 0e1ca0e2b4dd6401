import assert from 'node:assert/strict'
import { SecretSources } from '../../../host/secrets/secret-sources.js'

const files: Record<string, string> = {
  'secrets.txt': 'one=very secret\r\n\ntwo=a=b\n',
  'bad.txt': 'one=1\nhush\n',
}

function open(specs: string[]): { sources: SecretSources; handedOut: string[] } {
  const handedOut: string[] = []
  const readFile = (path: string) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error('/somewhere'), { code: 'ENOENT' })
    return text
  }
  const sources = SecretSources.open(specs, { environment: {}, readFile }, (secret) => handedOut.push(secret))
  return { sources, handedOut }
}

describe('secret sources', () => {
  it('mock has what the flag says', async () => {
    const { sources } = open(['mock=a=1,b=x=y,c='])
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((key) => sources.get(undefined, key))), ['1', 'x=y', ''])
    await assert.rejects(sources.get(undefined, 'd'), { message: 'no value' })
  })

  it('file has a secret on each line', async () => {
    for (const spec of ['file=secrets.txt', 'file=name=x,secrets.txt', 'file=filename=secrets.txt']) {
      const { sources } = open([spec])
      assert.equal(await sources.get(undefined, 'one'), 'very secret')
      assert.equal(await sources.get(undefined, 'two'), 'a=b')
      await assert.rejects(sources.get(undefined, ''), { message: 'no value' })
    }
  })

  it('are told apart by their names', async () => {
    const { sources } = open(['mock=default,key=d', 'mock=name=other,key=o', 'file=secrets.txt'])
    assert.equal(await sources.get(undefined, 'key'), 'd')
    assert.equal(await sources.get('default', 'key'), 'd')
    assert.equal(await sources.get('other', 'key'), 'o')
    assert.equal(await sources.get('file', 'one'), 'very secret')
    await assert.rejects(sources.get('nope', 'key'), { message: 'no secret source with name "nope" is configured' })
  })

  it('are the default when there is only one, and have none when nobody says which', async () => {
    assert.equal(await open(['mock=name=x,key=1']).sources.get(undefined, 'key'), '1')
    await assert.rejects(open(['mock=name=x,key=1', 'mock=name=y,key=2']).sources.get(undefined, 'key'), {
      message: 'no secret source with name "default" is configured',
    })
    await assert.rejects(open([]).sources.get(undefined, 'key'), { message: 'no secret sources are configured' })
    await assert.rejects(open([]).sources.get('x', 'key'), { message: 'no secret sources are configured' })
  })

  it('tell of a secret before it is handed out', async () => {
    const { sources, handedOut } = open(['mock=a=1,b=2'])
    await sources.get(undefined, 'b').then(() => handedOut.push('here'))
    assert.deepEqual(handedOut, ['2', 'here'])
  })

  const wrong: [string[], RegExp][] = [
    [['mock=a=1,hush'], /number 1: secret number 2 is not of the form key=value/],
    [['mock=a=1', 'file=nofile.txt'], /number 2: the file nofile\.txt cannot be read: ENOENT/],
    [['file=bad.txt'], /line 2 of bad\.txt is not of the form key=value/],
    [['file'], /one file is needed/],
    [['hush=a=1'], /its type is not one of mock, file and url/],
    [['mock=name=,a=1'], /its name is empty/],
    [['mock=default,a=1', 'mock=default,a=2'], /number 2: there is another one with the name "default"/],
    [['mock=a=1', 'mock=a=2'], /number 2: there is another one with the name "mock"/],
    [['url=urlTemplate=https://host/'], /urlTemplate must be an http or https URL with \{key\} in it/],
    [['url=urlTemplate=file:///{key}'], /urlTemplate must be/],
    [['url=urlTemplate=http://h/{key},hush=1'], /there is no setting "hush"/],
    [['url=urlTemplate=http://h/{key},timeout=hush'], /timeout must be a time/],
    [['url=urlTemplate=http://h/{key},maxRetries=-1'], /maxRetries must be a whole number from 0 on/],
    [['url=config=nofile.json'], /nofile\.json cannot be read/],
  ]
  for (const [specs, message] of wrong) {
    it(`refuse ${specs.join(' and ')}`, () => {
      assert.throws(
        () => open(specs),
        (e: Error) => message.test(e.message) && (/hush=1/.test(specs[0]!) || !/hush/.test(e.message)),
      )
    })
  }
})
