import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../support/run-command.js'

describe('belljar with a policy', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
    for (const name of ['data', 'out']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'data', 'inside.txt'), 'inside')
    writeFileSync(join(folder, 'outside.txt'), 'outside')
    symlinkSync(join(folder, 'outside.txt'), join(folder, 'out', 'link.txt'))
    writeFileSync(
      join(folder, 'policy.yaml'),
      'files:\n  read: [data]\n  write: [out]\nenv: [SHOWN]\nlimits:\n  summaryFiles: 4\n',
    )
    writeFileSync(
      join(folder, 'script.js'),
      `const seen = [open('./data/inside.txt'), __ENV.SHOWN, __ENV.HIDDEN, __ENV.HOME, __ENV.K6_VUS, __ENV.GIVEN]
      let reason
      try {
        open('./outside.txt')
      } catch (e) {
        reason = e.message
      }
      if (__VU === 0) console.log(reason)
      export default function () {
        console.log(JSON.stringify(seen))
      }
      export const handleSummary = () => ({
        stdout: 'the summary\\n',
        'out/a.txt': 'made',
        'out/link.txt': 'pwned',
        'outside.txt': 'pwned',
        '../outside2.txt': 'pwned',
      })`,
    )
  })
  after(() => rmSync(folder, { recursive: true }))
  const env = { SHOWN: 'shown', HIDDEN: 'hidden', K6_VUS: '2', K6_ITERATIONS: '2' }
  const audited = (file: string) =>
    readFileSync(join(folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { section: string; rule: string; subject: string; count: number })

  it('gives a run the files, variables and outputs that are listed, and records what it refuses', async () => {
    const args = ['run', '-q', '--policy', 'policy.yaml', '--audit-log', 'audit.jsonl', '-e', 'GIVEN=1', 'script.js']
    const { code, out, err } = await runCommand(folder, args, { env })
    assert.equal(code, 0, err)
    assert.equal(out, 'the summary\n')
    assert.match(
      err,
      /\.\/outside\.txt lies outside of the folders that may be read \(policy untrusted, files\.read: default\)/,
    )
    // The options that K6_ variables set are the operator's, and hold.
    assert.equal(err.split('[\\"inside\\",\\"shown\\",null,null,null,\\"1\\"]').length, 3, err)
    assert.match(err, /out\/link\.txt is a link/)
    assert.match(err, /outside\.txt lies outside of the folders that may be written/)
    assert.doesNotMatch(err, new RegExp(folder))
    assert.equal(readFileSync(join(folder, 'out', 'a.txt'), 'utf8'), 'made')
    assert.equal(readFileSync(join(folder, 'outside.txt'), 'utf8'), 'outside')
    assert.equal(existsSync(join(folder, '..', 'outside2.txt')), false)
    assert.deepEqual(
      audited('audit.jsonl').map(({ section, rule, subject }) => [section, rule, subject]),
      [
        ['files.read', 'default', './outside.txt'],
        ['files.write', 'default', 'outside.txt'],
        ['files.write', 'default', '../outside2.txt'],
      ],
    )
  })

  it('writes nothing of a summary with more files than the limit', async () => {
    const args = ['run', '-q', '--policy', 'policy.yaml', '--limit', 'summaryFiles=3', 'script.js']
    rmSync(join(folder, 'out', 'a.txt'), { force: true })
    const { code, out, err } = await runCommand(folder, args, { env })
    assert.equal(code, 0, err)
    assert.equal(out, '')
    assert.match(err, /handleSummary\(\) returned 4 files; it may return 3 \(limit summaryFiles\)/)
    assert.equal(existsSync(join(folder, 'out', 'a.txt')), false)
  })

  it('narrows a trusted run to what flags allow', async () => {
    const args = ['run', '-q', '--allow-read', 'data', '--allow-write=out', '--allow-env', 'SHOWN', 'script.js']
    const { code, err } = await runCommand(folder, args, { env })
    assert.equal(code, 0, err)
    assert.match(
      err,
      /outside\.txt lies outside of the folders that may be read \(policy trusted, files\.read: default\)/,
    )
    assert.ok(err.includes('[\\"inside\\",\\"shown\\",null,null,null,null]'), err)
    assert.equal(readFileSync(join(folder, 'outside.txt'), 'utf8'), 'outside')
  })

  it('ends a run whose imports are not allowed, before anything of it runs', async () => {
    writeFileSync(
      join(folder, 'http.js'),
      "import http from 'k6/http'\nconsole.log('ran', http)\nexport default () => {}\n",
    )
    const args = ['run', '-q', '--profile=untrusted', '--policy=modules.yaml', '--audit-log=modules.jsonl', 'http.js']
    writeFileSync(join(folder, 'modules.yaml'), 'modules: [k6]\n')
    const { code, err } = await runCommand(folder, args)
    assert.equal(code, 255)
    assert.match(err, /importing k6\/http is not allowed \(policy untrusted, modules: default\)/)
    assert.doesNotMatch(err, /msg="?ran/)
    assert.deepEqual(audited('modules.jsonl')[0]?.subject, 'k6/http')
  })

  for (const command of ['check', 'inspect']) {
    it(`holds ${command} to it too`, async () => {
      const log = `${command}.jsonl`
      const args = [command, '--policy', 'policy.yaml', '--audit-log', log, 'script.js']
      const { code, err } = await runCommand(folder, args, { env })
      assert.equal(code, 0, err)
      assert.equal(audited(log)[0]?.subject, './outside.txt')
    })
  }

  it('says what is wrong with a policy, and runs nothing', async () => {
    writeFileSync(join(folder, 'wrong.yaml'), 'limits:\n  memoryByte: 64mb\n')
    const { code, out, err } = await runCommand(folder, ['run', '--policy', 'wrong.yaml', 'script.js'])
    assert.equal(code, 104)
    assert.equal(out, '')
    assert.match(err, /wrong\.yaml: the policy has a mistake at limits\.memoryByte: there is no such key/)
    assert.match(err, /did you mean memoryBytes\?/)
  })
})
