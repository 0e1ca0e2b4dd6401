import assert from 'node:assert/strict'
import { bannerText, descriptionText } from '../../report/description.js'

describe('descriptionText', () => {
  const description = {
    script: 'sum.js',
    outputs: ['json (/dev/null)', 'csv (a.csv)'],
    summary: '(33.33%) 2 scenarios, 2 max VUs, 10m30s max duration (incl. graceful stop):',
    scenarios: ['a: 3 looping VUs for 3s (gracefulStop: 30s)', 'b: \u001bx'],
  }

  it('tells what will run', () => {
    assert.equal(
      descriptionText(description, false),
      `
     execution: local
        script: sum.js
        output: json (/dev/null), csv (a.csv)

     scenarios: (33.33%) 2 scenarios, 2 max VUs, 10m30s max duration (incl. graceful stop):
              * a: 3 looping VUs for 3s (gracefulStop: 30s)
              * b: \\u001bx

`,
    )
  })

  it('shows that there is no output', () => {
    assert.match(descriptionText({ ...description, outputs: [] }, false), /output: -\n/)
  })

  it('colours values and the banner when asked to', () => {
    assert.match(descriptionText(description, true), /script: \u001b\[36msum\.js\u001b\[0m\n/)
    assert.match(bannerText(true), /^\n\u001b\[33m[^\u001b]+belljar[^\u001b]+\u001b\[0m\n\n$/)
  })
})
