import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunSample } from '../../metrics/run-of.js'
import { runWith, useUtc } from './run-with.js'

useUtc()
const folder = mkdtempSync(join(tmpdir(), 'outputs-'))
after(() => rmSync(folder, { recursive: true }))

describe('the output csv', () => {
  it('writes a header and a row for each sample', async () => {
    const samples: RunSample[] = [
      ['cnt', 0.890698, { group: '::g1', name: 'a,"b"', extra: '1', more: '2' }, 900],
      ['cnt', 1e21, { name: '=cmd()' }],
    ]
    const { stdout, description } = await runWith('csv=-', samples)
    assert.equal(description, 'csv (stdout)')
    assert.equal(
      stdout,
      `metric_name,timestamp,metric_value,check,group,name,extra_tags,metadata
cnt,1795333492,0.890698,,::g1,"a,""b""",extra=1&more=2,
cnt,1795333492,1000000000000000000000.000000,,,'=cmd(),,
cnt,1795333492,2.000000,,,,a=x,vu=1
`,
    )
  })

  for (const [timeFormat, text] of [
    ['unix', '1795333492'],
    ['unix_milli', '1795333492002'],
    ['unix_micro', '1795333492002250'],
    ['unix_nano', '1795333492002250000'],
    ['rfc3339', '2026-11-22T07:44:52Z'],
    ['rfc3339_nano', '2026-11-22T07:44:52.00225Z'],
  ]) {
    it(`writes times as ${timeFormat}`, async () => {
      const { stdout } = await runWith(`csv=fileName=-,timeFormat=${timeFormat}`, [['cnt', 1, {}, 2.25]])
      assert.equal(stdout.split('\n')[1]?.split(',')[1], text)
    })
  }

  it('takes its settings from the environment, and the argument over them', async () => {
    const path = join(folder, 'a.csv')
    const environment = { K6_CSV_FILENAME: path, K6_CSV_TIME_FORMAT: 'rfc3339', K6_CSV_SAVE_INTERVAL: '10s' }
    await runWith('csv', [['cnt', 1]], { environment })
    assert.match(readFileSync(path, 'utf8'), /^cnt,2026-11-22T07:44:52Z,/m)
    const { stdout } = await runWith('csv=fileName=-,timeFormat=unix', [['cnt', 1]], { environment })
    assert.match(stdout, /^cnt,1795333492,/m)
  })

  for (const [argument, message] of [
    ['a=b', 'unknown key "a" as argument for csv output'],
    ['fileName=', 'couldn\'t parse "fileName=" as argument for csv output'],
    ['timeFormat=now', 'now does not belong to TimeFormat values'],
  ]) {
    it(`refuses csv=${argument}`, async () => {
      await assert.rejects(() => runWith(`csv=${argument}`, []), {
        message: `could not create the 'csv' output: ${message}`,
      })
    })
  }
})
