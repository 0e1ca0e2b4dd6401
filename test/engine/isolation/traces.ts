/** What a run's process could leave behind. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Gives the tests of a suite a folder for temporary files of their own; answers what is in it. */
export function watchTemporaryFiles(): () => string[] {
  const usual = process.env.TMPDIR
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'isolation-'))
    process.env.TMPDIR = folder
  })
  after(() => {
    if (usual === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = usual
    rmSync(folder, { recursive: true, force: true })
  })
  return () => readdirSync(folder)
}

/** True while there is such a process. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
