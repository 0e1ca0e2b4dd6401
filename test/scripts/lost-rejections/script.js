// A rejection that nobody handles once the batch of tasks is over fails the iteration, whoever made the promise.
async function late(n) {
  await null
  throw new Error(`late ${n}`)
}

async function atOnce() {
  throw new TypeError('at once')
}

const cases = [
  () => void late(0),
  () => void atOnce(),
  () => void Promise.all([late(2), late(3)]),
  () => void Promise.reject('text'),
  () => void setTimeout(async () => Promise.reject(undefined), 1),
  () => void new Promise((_, reject) => setTimeout(() => reject({ code: 5 }), 1)),
  // Handled in time.
  () => void late(6).catch((e) => console.log(e.message)),
  () => {
    const lost = atOnce()
    Promise.resolve().then(() => lost.catch((e) => console.log(e.message)))
  },
  async () => {
    for (let i = 0; i < 3; i++) {
      try {
        await late(i)
      } catch {
        // That is all.
      }
    }
    console.log('end')
  },
]

export const options = { iterations: cases.length }

export default function () {
  cases[__ITER]()
}
