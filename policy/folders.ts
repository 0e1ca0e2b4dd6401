/** The folders that a policy lists, and whether a file is inside of one: as it is spelt, and where it really is. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'

// The native form asks for a path as a whole: the other one for each folder on the way, which a process without rights to those
// cannot do.
export class Folders {
  readonly #spelt: readonly string[]
  readonly #real: readonly string[]

  /** Links among the folders are followed now, once: what becomes of them later opens nothing. */
  constructor(folders: readonly string[]) {
    this.#spelt = folders.map((folder) => resolve(folder))
    this.#real = this.#spelt.map((folder) => {
      try {
        return realpathSync.native(folder)
      } catch {
        return folder
      }
    })
  }

  /** True for a path that would be inside if there were no links. */
  hasSpelt(path: string): boolean {
    const plain = resolve(path)
    return [...this.#spelt, ...this.#real].some((folder) => isInside(plain, folder))
  }

  /** True for a path without links that is inside. */
  hasReal(real: string): boolean {
    return this.#real.some((folder) => isInside(real, folder))
  }

  /** True for a file that is not there, if the folder that it would be in is inside. */
  hasAbsent(path: string): boolean {
    for (let at = dirname(resolve(path)); ; at = dirname(at)) {
      try {
        return this.hasReal(realpathSync.native(at))
      } catch {
        // A folder of the list that is not there has no links in it.
        if (this.#real.includes(at)) return true
        if (dirname(at) === at) return false
      }
    }
  }

  /**
   * True when the file behind an open handle is inside. Between the look at a path and its opening, a folder of it can have
   * become a link: what counts is what was opened.
   *
   * @param path by which it was opened
   */
  hasOpened(handle: number, path: string, isSameFile: (device: bigint, inode: bigint) => boolean): boolean {
    try {
      return this.hasReal(readlinkSync(`/proc/self/fd/${handle}`))
    } catch {
      // No Linux, or no right to look: the path must lead to the same file a second time.
    }
    try {
      const real = realpathSync.native(path)
      const { dev, ino } = lstatSync(real, { bigint: true })
      return this.hasReal(real) && isSameFile(dev, ino)
    } catch {
      return false
    }
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}
