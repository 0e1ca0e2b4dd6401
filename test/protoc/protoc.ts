/**
 * Runs protoc over a tree of texts. It must not know what belljar makes of them.
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'

/** Texts by the name they are imported by. */
export type ProtoTree = Readonly<Record<string, string>>

/** What protoc says of a tree: the descriptors of all its files and what they import, or why it refuses them. */
export type Verdict = { bytes: Uint8Array; set: FileDescriptorSet } | { error: string }

/** The version of the installed protoc, or undefined when there is none. */
export function protocVersion(): string | undefined {
  const { status, stdout } = spawnSync('protoc', ['--version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Compiles files of a tree by their names. */
export function compileWithProtoc(tree: ProtoTree, names: readonly string[]): Verdict {
  const folder = mkdtempSync(join(tmpdir(), 'belljar-protoc-'))
  try {
    for (const [name, text] of Object.entries(tree)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    const out = join(folder, 'out.protoset')
    const { status, stderr } = spawnSync(
      'protoc',
      ['-I', folder, `--descriptor_set_out=${out}`, '--include_imports', ...names],
      { encoding: 'utf8' },
    )
    if (status !== 0) return { error: stderr.trim() }
    const bytes = readFileSync(out)
    return { bytes, set: fromBinary(FileDescriptorSetSchema, bytes) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
