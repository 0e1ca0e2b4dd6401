/** Guest half of `k6/experimental/fs`: files that all VUs have one copy of. */
import { callingFiles } from '../../internal/calling-files.js'
import { type File, fileError, openFile, SeekMode } from '../../internal/file.js'
import { toText } from '../../internal/primordials.js'
import { promised } from '../../internal/promised.js'
import { vu } from '../../internal/vu.js'

/** The file at a path beside the calling module. As with the global `open`, VUs get what the first init opened. */
export function open(path?: unknown): Promise<File> {
  const { base, writtenIn } = callingFiles()
  return promised(() => {
    if (vu.phase !== 'init')
      throw fileError('ForbiddenError', 'open() of k6/experimental/fs must be called in the init context')
    if (path === undefined || path === null) throw fileError('TypeError', 'open() needs the path of a file')
    const name = toText(path)
    if (name === '') throw fileError('TypeError', "open() can't be used with an empty filename")
    return openFile(name, base, writtenIn)
  })
}

export { SeekMode }
export default { open, SeekMode }
