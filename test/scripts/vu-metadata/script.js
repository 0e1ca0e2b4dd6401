// Metadata of a VU: what goes with its samples beside the tags, set and read as the tags are.
import { check } from 'k6'
import exec from 'k6/execution'

export const options = {
  scenarios: {
    first: { executor: 'per-vu-iterations', iterations: 2 },
    second: { executor: 'per-vu-iterations', iterations: 1, startTime: '1s', exec: 'other' },
  },
  systemTags: ['iter', 'group', 'scenario'],
}

export default function () {
  const { metadata } = exec.vu.metrics
  console.log(JSON.stringify(metadata), metadata.iter, metadata.vu, 'trace' in metadata)
  metadata.trace = __ITER
  metadata.gone = true
  delete metadata.gone
  console.log(JSON.stringify(metadata), metadata.trace === `${__ITER}`)
  for (const value of [{}, null, undefined, Symbol('s')]) {
    try {
      metadata.odd = value
    } catch (e) {
      console.log(e.name, e.message)
    }
  }
  check(1, { ok: true })
}

export function other() {
  console.log(JSON.stringify(exec.vu.metrics.metadata), exec.vu.tags.trace)
}
