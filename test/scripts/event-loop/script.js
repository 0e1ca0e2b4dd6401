// The order of tasks and promise jobs in one iteration.
import { sleep } from 'k6'

export default async function () {
  setTimeout(() => console.log('timer 20'), 20)
  const timer = setTimeout(() => console.log('never'), 10)
  setTimeout(() => {
    console.log('timer 0')
    Promise.resolve().then(() => console.log('job of timer 0'))
  }, 0)
  let left = 2
  const interval = setInterval(() => {
    console.log(`interval ${left}`)
    left -= 1
    if (left === 0) clearInterval(interval)
  }, 30)
  Promise.resolve()
    .then(() => console.log('job 1'))
    .then(() => console.log('job 2'))
  console.log('begin')
  sleep(0.001)
  clearTimeout(timer)
  console.log('slept')
  await null
  console.log('after await')
}
