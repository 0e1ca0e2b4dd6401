import assert from 'node:assert/strict'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { scriptVm } from '../support/script-vm.js'

const kilobyte = 1024

/** What is in the memory of a VM after the init code, so what each VU has. The engine alone, with its static data, takes 164 KB. */
async function kilobytesOf(imports: string): Promise<number> {
  const { script } = await scriptVm(`${imports}; export default function () {}`)
  const { parts } = script.vm.image().memory
  script.release()
  return parts.reduce((sum, { bytes }) => sum + bytes.length, 0) / kilobyte
}

describeInVmThread('the memory that a VM takes', import.meta.url, (it) => {
  // What is measured, and some room for a module to grow. Beyond that: is it needed by most scripts? See modules/internal/part.ts.
  for (const [imports, most] of [
    ['', 300],
    ["import { check, sleep } from 'k6'; import grpc from 'k6/net/grpc'", 372],
    ["import { check, sleep } from 'k6'; import http from 'k6/http'", 384],
  ] as const) {
    it(`is at most ${most} KB with ${imports === '' ? 'no module' : imports}`, async () => {
      const found = await kilobytesOf(imports)
      assert.ok(found <= most, `${found} KB`)
    })
  }
})
