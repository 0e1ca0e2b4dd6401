/** Which file `open()` means. Pure; the rules are k6's. */
import { AppError } from '../errors.js'
import { fileUrlBeside, folderOf, isRemote, pathOfUrl } from './resolve.js'

/**
 * The file at `path`, which is relative to the module whose text runs (`base`; empty: the main module), even if the call is
 * written in another one. When that makes a difference, there is a warning, in k6's words.
 *
 * @throws {AppError} SCRIPT_EXCEPTION when a remote module asks for a file
 */
export function openedFile(
  mainUrl: string,
  path: string,
  base: string,
  writtenIn = base,
): { path: string; warning?: string } {
  const from = base === '' ? mainUrl : base
  for (const origin of [from, writtenIn]) {
    if (isRemote(origin)) {
      throw new AppError('SCRIPT_EXCEPTION', `origin (${origin}) not allowed to load local file: ${path}`)
    }
  }
  if (path.startsWith('file://')) return { path: pathOfUrl(path) }
  const file = pathOfUrl(fileUrlBeside(from, path))
  const folder = folderOf(from).href
  if (path.startsWith('/') || writtenIn === '' || folderOf(writtenIn).href === folder) return { path: file }
  return {
    path: file,
    warning:
      `open() was used and is currently relative to '${folder}', but in the future it will be aligned with how ` +
      `\`require\` and imports work and will be relative to '${writtenIn}'. This means that in the future open will open ` +
      'relative path relative to the module/file it is written in. You can future proof this by using ' +
      '`import.meta.resolve()` to get relative paths to the file it is written in the current k6 version.',
  }
}
