/**
 * A control group of a run's process: its memory, swap and number of threads are bounded by the kernel. Made where this
 * process may make one below its own (version 1 or 2); elsewhere there is none, and memory is watched from outside.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Threads count: those of Node.js, and those of VUs. */
const maxTasks = 512
const namePrefix = 'belljar-'

interface Hierarchy {
  readonly version: 1 | 2
  /** Where groups can be made. */
  readonly parent: string
}

export class Cgroup {
  /** Folders of it, one in each hierarchy. */
  readonly folders: readonly string[]
  readonly #memory: string
  readonly #version: 1 | 2

  private constructor(folders: readonly string[], memory: string, version: 1 | 2) {
    this.folders = folders
    this.#memory = memory
    this.#version = version
  }

  /** Undefined where none can be made. */
  static make(id: string, memoryBytes: number): Cgroup | undefined {
    if (process.platform !== 'linux') return undefined
    const name = `${namePrefix}${process.pid}-${id}`
    const folders: string[] = []
    try {
      const { memory, pids } = hierarchies()
      if (memory === undefined) return undefined
      for (const hierarchy of new Set([memory.parent, ...(pids === undefined ? [] : [pids.parent])])) {
        sweep(hierarchy)
        const folder = join(hierarchy, name)
        mkdirSync(folder)
        folders.push(folder)
      }
      const group = new Cgroup(folders, join(memory.parent, name), memory.version)
      group.setMemory(memoryBytes)
      if (pids !== undefined) write(join(pids.parent, name), 'pids.max', maxTasks)
      return group
    } catch {
      for (const folder of folders) tryRemove(folder)
      return undefined
    }
  }

  /** @throws what the file system throws */
  setMemory(bytes: number): void {
    if (this.#version === 2) {
      write(this.#memory, 'memory.max', bytes)
      tryWrite(this.#memory, 'memory.swap.max', 0)
      return
    }
    // That with swap may not be less than that without.
    if (!tryWrite(this.#memory, 'memory.limit_in_bytes', bytes)) {
      tryWrite(this.#memory, 'memory.memsw.limit_in_bytes', bytes)
      write(this.#memory, 'memory.limit_in_bytes', bytes)
    }
    tryWrite(this.#memory, 'memory.memsw.limit_in_bytes', bytes)
  }

  /** True when the kernel killed something in it. */
  get wasOutOfMemory(): boolean {
    const file = this.#version === 2 ? 'memory.events' : 'memory.oom_control'
    return Number(/^oom_kill (\d+)$/m.exec(read(join(this.#memory, file)))?.[1] ?? 0) > 0
  }

  /** Those that are in it, also when they left the group of processes. */
  get processes(): number[] {
    return read(join(this.#memory, 'cgroup.procs'))
      .split('\n')
      .filter((line) => /^[1-9]\d*$/.test(line))
      .map(Number)
  }

  /** False while something is in it. */
  remove(): boolean {
    return this.folders.map(tryRemove).every((isGone) => isGone)
  }
}

/** Where the controllers of memory and of processes are, for this process. */
function hierarchies(): { memory: Hierarchy | undefined; pids: Hierarchy | undefined } {
  const mounts = read('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line) => {
      const match = /^\S+ \S+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line)
      return match === null ? [] : [{ root: match[1]!, at: match[2]!, type: match[3]!, options: match[4]!.split(',') }]
    })
  const own = read('/proc/self/cgroup')
    .split('\n')
    .flatMap((line) => {
      const match = /^\d+:([^:]*):(\/.*)$/.exec(line)
      return match === null ? [] : [{ controllers: match[1]!.split(','), path: match[2]! }]
    })
  const find = (controller: string): Hierarchy | undefined => {
    for (const { root, at, type, options } of mounts) {
      const isSecond = type === 'cgroup2'
      if (!isSecond && !options.includes(controller)) continue
      const path = own.find(({ controllers }) => controllers.includes(isSecond ? '' : controller))?.path
      if (path === undefined || !(root === '/' || path === root || path.startsWith(`${root}/`))) continue
      const folder = join(at, root === '/' ? path : path.slice(root.length))
      if (!isSecond) return { version: 1, parent: folder }
      // A group with processes in it has no groups with controllers below it, so most often ours stands beside it.
      const candidates = folder === at ? [folder] : [folder, dirname(folder)]
      const parent = candidates.find((candidate) =>
        read(join(candidate, 'cgroup.subtree_control')).split(/\s/).includes(controller),
      )
      if (parent !== undefined) return { version: 2, parent }
    }
    return undefined
  }
  return { memory: find('memory'), pids: find('pids') }
}

/** Removes groups whose makers ended without doing so. One that is in use cannot be removed. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = /^belljar-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) tryRemove(join(parent, name))
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const write = (folder: string, file: string, value: number) => writeFileSync(join(folder, file), String(value))

function tryWrite(folder: string, file: string, value: number): boolean {
  try {
    write(folder, file, value)
    return true
  } catch {
    return false
  }
}

function tryRemove(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
