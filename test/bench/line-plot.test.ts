import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { axisStep, linePlot } from '../../bench/line-plot.js'
import { executorNames } from '../../engine/options/scenario.js'
import { packageRoot } from '../../package-root.js'

describe('bench: linePlot', () => {
  const plot = {
    title: 'a < b & "c"',
    yLabel: 'iterations a second',
    seconds: 2,
    lines: [
      {
        label: 'ideal',
        color: '#999',
        isDashed: true,
        points: [
          [0, 0],
          [2, 100],
        ] as [number, number][],
      },
    ],
  }

  it('puts the ends of a line where the axes say', () => {
    const svg = linePlot(plot)
    assert.match(svg, /<polyline points="64\.0,236\.0 704\.0,36\.0" .* stroke-dasharray/)
    assert.match(svg, />100<\/text>/)
  })

  it('escapes texts, and gives the same text for the same numbers', () => {
    assert.match(linePlot(plot), />a &lt; b &amp; &quot;c&quot;</)
    assert.equal(linePlot(plot), linePlot(plot))
  })

  it('divides axes into steps of 1, 2 and 5', () => {
    assert.deepEqual(
      [10, 6, 100, 2000, 0.9].map((max) => axisStep(max, 5)),
      [2, 2, 20, 500, 0.2],
    )
  })

  it('has drawn every executor for docs/executors.md', () => {
    const drawn = readdirSync(join(packageRoot, 'docs/executors')).sort()
    assert.deepEqual(drawn, executorNames.map((name) => `${name}.svg`).sort())
    const page = readFileSync(join(packageRoot, 'docs/executors.md'), 'utf8')
    for (const file of drawn) assert.ok(page.includes(`(executors/${file})`), `${file} is not shown`)
  })
})
