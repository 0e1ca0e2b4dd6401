// Tags that a script gives its VU are on all samples of the iteration, those of the host too, until the next scenario.
import { group } from 'k6'
import exec from 'k6/execution'

const exactly = (count) => [`count==${count}`]

export const options = {
  tags: { run: 'r' },
  scenarios: {
    first: { executor: 'per-vu-iterations', iterations: 2 },
    second: { executor: 'per-vu-iterations', startTime: '1s', exec: 'other' },
  },
  thresholds: {
    'iterations{who:v0}': exactly(1),
    'iterations{who:v1,run:r,scenario:first}': exactly(1),
    'iterations{kept:in a group}': exactly(2),
    'iterations{scenario:second}': exactly(1),
    'iterations{group:::g}': exactly(0),
    'iteration_duration{who:v1}': ['max>=0'],
    'data_sent{phase:setup,group:::setup}': ['count>=0'],
  },
}

export function setup() {
  group('g', () => {
    exec.vu.metrics.tags.phase = 'setup'
  })
}

export default function () {
  exec.vu.metrics.tags.who = `v${__ITER}`
  group('g', () => {
    exec.vu.metrics.tags.kept = 'in a group'
    exec.vu.metrics.tags.gone = 1
  })
  delete exec.vu.metrics.tags.gone
}

export function other() {
  console.log(JSON.stringify(exec.vu.metrics.tags))
}
