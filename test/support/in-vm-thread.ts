/**
 * Mocha suites whose tests run in a worker thread, since a VM needs a larger stack than the main thread has. The same file
 * is loaded in both: the main thread registers the titles, the worker runs the bodies and sends back how each ended.
 */
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { trustedLimits } from '../../policy/limits.js'
import { threadResourceLimits } from '../../runtime/thread-limits.js'

type Body = () => void | Promise<void>

/** Registers one test; `title` is a claim. */
export type VmTest = (title: string, body: Body) => void

interface Answer {
  title: string
  error?: { name: string; message: string; stack?: string }
}

const bodies = new Map<string, Body>()
let registered: () => void = () => {}
/** The file may await something before it has its suite. */
const isRegistered = new Promise<void>((resolve) => {
  registered = resolve
})
const suites = isMainThread ? undefined : (workerData as { suite: string })

/**
 * A suite of the file `url` (its `import.meta.url`) that runs in a thread of its own. A test that never ends costs its
 * thread; the next one gets a fresh one.
 */
export function describeInVmThread(suite: string, url: string, register: (it: VmTest) => void): void {
  if (suites !== undefined) {
    if (suites.suite !== suite) return
    register((title, body) => bodies.set(title, body))
    registered()
    return
  }
  describe(suite, () => {
    let worker: Worker | undefined
    const run = (title: string) =>
      new Promise<void>((resolve, reject) => {
        worker ??= new Worker(fileURLToPath(url), {
          workerData: { suite },
          resourceLimits: threadResourceLimits(trustedLimits),
        })
        const thread = worker
        const settle = (end: () => void, isOver: boolean) => {
          if (isOver) worker = undefined
          thread.off('message', onMessage).off('error', onError).off('exit', onExit)
          end()
        }
        const onMessage = ({ error }: Answer) => {
          settle(
            () => (error === undefined ? resolve() : reject(Object.assign(new Error(error.message), error))),
            false,
          )
        }
        const onError = (e: Error) => settle(() => reject(e), true)
        const onExit = (code: number) => settle(() => reject(new Error(`the thread ended with code ${code}`)), true)
        thread.on('message', onMessage).on('error', onError).on('exit', onExit)
        thread.postMessage(title)
      })
    afterEach(async function () {
      if (this.currentTest?.state === 'passed') return
      await worker?.terminate()
      worker = undefined
    })
    after(() => worker?.terminate())
    register((title) => it(title, () => run(title)))
  })
}

parentPort?.on('message', async (title: string) => {
  await isRegistered
  try {
    const body = bodies.get(title)
    if (body === undefined) throw new Error(`no test "${title}"`)
    await body()
    parentPort!.postMessage({ title } satisfies Answer)
  } catch (e) {
    const { name, message, stack } = e instanceof Error ? e : new Error(String(e))
    parentPort!.postMessage({ title, error: { name, message, stack } } satisfies Answer)
  }
})
