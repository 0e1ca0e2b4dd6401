import { check } from 'k6'

const attempt = (what, act) => {
  try {
    console.log(`${what}: ${typeof act()}`)
  } catch (e) {
    console.log(`${what}: ${e.name}: ${e.message}`)
  }
}

export const options = { iterations: 1 }

export default function () {}

// A call that is not reached is no reason to refuse the script.
const never = () => require('k6/ws')

if (__VU === 0) {
  attempt('listed', () => require('k6').check)
  attempt('not listed', () => require('k6/http').get)
  attempt('by a name that is made up', () => require(`k6/${'encoding'}`).get)
  attempt('remote', () => require('https://127.0.0.1:1/lib.js'))
  attempt('package', () => require('left-pad'))
  attempt('imported', () => check)
  attempt('a function', () => never)
}
