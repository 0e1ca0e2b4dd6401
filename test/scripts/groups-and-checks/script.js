import { check, fail, group } from 'k6'

export const options = {
  iterations: 2,
  thresholds: { 'checks{group:::outer::inner}': ['rate==0.5'], checks: ['rate>0.6'] },
}

export default function () {
  const result = group('outer', () => {
    check(1, { 'is one': (v) => v === 1 })
    return group('inner', () => check({ ok: __ITER === 0 }, { 'is first': (v) => v.ok }))
  })
  console.log(result, check(1, { truthy: 1, falsy: 0 }))
  if (__ITER === 1) fail('enough')
  check(null, { 'not reached twice': true })
}
