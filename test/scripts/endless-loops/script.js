// A script that computes without end is interrupted in time, and neither catch nor finally sees it.
export const options = {
  scenarios: { busy: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } },
  teardownTimeout: '300ms',
}

function compute() {
  try {
    for (;;);
  } catch {
    console.log('caught')
  } finally {
    console.log('finally')
  }
}

export default function () {
  console.log('iteration', __ITER)
  compute()
}

export function teardown() {
  console.log('teardown')
  compute()
}
