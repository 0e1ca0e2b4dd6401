/** What nobody catches while a test runs, which would end the process or the test. */
export async function uncaughtDuring(run: () => Promise<unknown>): Promise<unknown[]> {
  const errors: unknown[] = []
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (e) => errors.push(e))
  try {
    await run()
  } finally {
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
  }
  return errors
}
