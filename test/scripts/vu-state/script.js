// What a VU keeps from iteration to iteration and from scenario to scenario, and what each scenario sets anew.
import exec from 'k6/execution'

export const options = {
  scenarios: {
    first: { executor: 'per-vu-iterations', iterations: 2, env: { PLACE: 'first' }, tags: { kind: 'a' } },
    second: { executor: 'per-vu-iterations', iterations: 2, env: { PLACE: 'second' }, startTime: '1s', exec: 'other' },
  },
}

let count = 0

export default function () {
  count += 1
  if (!Number.isInteger(exec.scenario.startTime)) throw new Error('the start is not in whole milliseconds')
  console.log(__ENV.PLACE, count, __ITER, exec.vu.iterationInScenario, exec.vu.tags.kind, exec.vu.tags.mine)
  exec.vu.tags.mine = 'kept'
}

export function other() {
  count += 1
  console.log(__ENV.PLACE, count, __ITER, exec.vu.iterationInScenario, exec.vu.tags.kind, exec.vu.tags.mine)
}
