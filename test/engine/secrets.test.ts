import assert from 'node:assert/strict'
import { type RunOptions, runScript } from '../support/run-script.js'

const withSecrets = (...specs: string[]): RunOptions => ({
  settings: { secrets: { specs, environment: {}, readFile: () => assert.fail() } },
})

describe('k6/secrets', () => {
  it('gives secrets in init, setup and iterations, of any source', async () => {
    const { said, errors } = await runScript(
      `import secrets from 'k6/secrets'
       const early = await secrets.get('key')
       export async function setup() { return await secrets.source('other').get('key') }
       export default async function (data) {
         console.log(early, data, await secrets.get('nul'), (await secrets.source('default').get('key')) === early)
       }`,
      withSecrets('mock=default,key=mine,nul=a\u0000é', 'mock=name=other,key=theirs'),
    )
    assert.deepEqual(errors, [])
    assert.deepEqual(said, ['mine theirs a\u0000é true'])
  })

  it('rejects with the text of the source, and the iteration waits for it', async () => {
    const { said, errors } = await runScript(
      `import secrets from 'k6/secrets'
       export default function () {
         secrets.get('nope').catch((e) => console.log(String(e), e.message, e instanceof Error))
         secrets.source('x').get('key').catch((e) => console.log(String(e)))
         console.log('first')
       }`,
      withSecrets('mock=key=1'),
    )
    assert.deepEqual(errors, [])
    assert.deepEqual(said, ['first', 'no value no value true', 'no secret source with name "x" is configured'])
  })

  it('has no source unless there is one', async () => {
    const { errors } = await runScript(
      `import secrets from 'k6/secrets'
       export default async function () { await secrets.get('key') }`,
    )
    assert.deepEqual(errors, ['Uncaught (in promise) no secret sources are configured'])
  })

  it('refuses a source that is wrong before the script is loaded', async () => {
    await assert.rejects(runScript(`throw new Error('loaded')`, withSecrets('nope=1')), {
      code: 'USAGE',
      message: '--secret-source number 1: its type is not one of mock, file and url',
    })
  })
})
