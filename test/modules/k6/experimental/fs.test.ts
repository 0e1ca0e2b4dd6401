/** What a script sees of `k6/experimental/fs`, in a real VM. */
import assert from 'node:assert/strict'
import { describeInVmThread } from '../../../support/in-vm-thread.js'
import { scriptVm } from '../../../support/script-vm.js'

const prelude = `
  import fs, { open, SeekMode } from 'k6/experimental/fs'
  const t = async (f) => { try { console.log(JSON.stringify(await f())) } catch (e) { console.log(e.name + ': ' + e.message) } }
  const texts = (bytes, count) => String.fromCharCode(...bytes.subarray(0, count))
`

async function said(source: string): Promise<string[]> {
  const { script, said } = await scriptVm(`${prelude}${source}`, {
    files: { 'ten.txt': '0123456789', 'empty.txt': '' },
  })
  await script.enter('activate', 'vu', '{}', '{}')
  assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
  return said()
}

describeInVmThread('k6/experimental/fs', import.meta.url, (it) => {
  it('reads piece by piece, and gives null at the end', async () => {
    assert.deepEqual(
      await said(`
        const file = await open('ten.txt')
        export default async function () {
          const buffer = new Uint8Array(4)
          for (let n = await file.read(buffer); n !== null; n = await file.read(buffer)) console.log(n, texts(buffer, n))
          await t(() => file.read(buffer))
          await t(() => file.stat())
          await t(() => [file.path, Object.keys(file)])
        }`),
      ['4 0123', '4 4567', '2 89', 'null', '{"name":"ten.txt","size":10}', '["/test/ten.txt",["path"]]'],
    )
  })

  it('writes into the view that it is given and nowhere else', async () => {
    assert.deepEqual(
      await said(`
        const file = await open('ten.txt')
        export default async function () {
          const whole = new Uint8Array(8)
          await t(() => file.read(whole.subarray(2, 5)))
          await t(() => [...whole])
          await t(() => file.read(new Uint8Array(0)))
          await t(() => file.read(new Uint8Array(100)))
        }`),
      ['3', '[0,0,48,49,50,0,0,0]', '0', '7'],
    )
  })

  it('seeks from the start, from here and from the end', async () => {
    assert.deepEqual(
      await said(`
        const file = await open('ten.txt')
        export default async function () {
          await t(() => [SeekMode, fs.SeekMode.End])
          await t(() => file.seek(4, SeekMode.Start))
          await t(() => file.seek(-1, SeekMode.Current))
          const one = new Uint8Array(1)
          await file.read(one)
          console.log(texts(one, 1))
          await t(() => file.seek(-2, SeekMode.End))
          await t(() => file.seek(0, SeekMode.End))
          await t(() => file.read(one))
        }`),
      ['[{"Start":0,"Current":1,"End":2},2]', '4', '3', '3', '8', '10', 'null'],
    )
  })

  it('gives each file of one path a position of its own', async () => {
    assert.deepEqual(
      await said(`
        const a = await open('ten.txt')
        const b = await open('./ten.txt')
        export default async function () {
          const one = new Uint8Array(1)
          await a.seek(5, 0)
          await b.read(one)
          console.log(texts(one, 1))
          await a.read(one)
          console.log(texts(one, 1))
        }`),
      ['0', '5'],
    )
  })

  it('rejects with an error of a name, and leaves the position where it was', async () => {
    assert.deepEqual(
      await said(`
        await t(() => open('none.txt'))
        await t(() => open(''))
        await t(() => open())
        await t(() => open('/etc/passwd'))
        const file = await open('ten.txt')
        export default async function () {
          await t(() => open('ten.txt'))
          for (const [by, mode] of [[-1, 0], [1, 2], [-1, 1], [11, 0], [NaN, 0], [0.5, 0], ['x', 0], [0, 3], [0, '0'], [null, 0], [0]]) {
            await t(() => file.seek(by, mode))
          }
          for (const into of [undefined, [1], new ArrayBuffer(1), new Uint16Array(1), 'text']) await t(() => file.read(into))
          await t(() => file.seek(0, SeekMode.Current))
        }`),
      [
        'NotFoundError: no such file or directory: "/test/none.txt"',
        "TypeError: open() can't be used with an empty filename",
        'TypeError: open() needs the path of a file',
        'ForbiddenError: /etc/passwd lies outside of the folders that may be read',
        'ForbiddenError: open() of k6/experimental/fs must be called in the init context',
        'TypeError: with SeekMode.Start the offset of seek() must not be negative',
        'TypeError: with SeekMode.End the offset of seek() must not be positive',
        'TypeError: seek() cannot go before the start of the file',
        'EOFError: seek() cannot go beyond the end of the file',
        'TypeError: the offset of seek() must be an integer',
        'TypeError: the offset of seek() must be an integer',
        'TypeError: the offset of seek() must be an integer',
        'TypeError: the second argument of seek() must be a SeekMode',
        'TypeError: the second argument of seek() must be a SeekMode',
        'TypeError: seek() needs an offset',
        'TypeError: seek() needs a SeekMode',
        'TypeError: read() needs a Uint8Array to read into',
        ...Array.from({ length: 4 }, () => 'TypeError: read() reads into a Uint8Array only'),
        '0',
      ],
    )
  })

  it('works although the script replaced the built-ins', async () => {
    assert.deepEqual(
      await said(`
        const say = console.log
        const file = await open('ten.txt')
        Object.prototype.number = Object.prototype.get = 'mine'
        Uint8Array.prototype.set = Object.defineProperty = JSON.parse = Number.isInteger = () => 'mine'
        const again = await open('ten.txt')
        export default async function () {
          const two = new Uint8Array(2)
          await again.seek(1, 0)
          say(await again.read(two), two[1], (await file.stat()).size)
        }`),
      ['2 50 10'],
    )
  })
})
