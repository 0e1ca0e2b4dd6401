/**
 * The groups and checks of a run as a tree, grown from the tags of samples in the order they are first seen.
 * Knows nothing of metrics other than how many times a check passed.
 */
import { requirePackage } from '../package-root.js'
import type { Sink } from './sink.js'

const separator = '::'

/** How often a check passed and failed. Takes the samples of the metric `checks`. */
export class CheckCount implements Sink {
  readonly name: string
  /** The path of its group, `::` and the name. */
  readonly path: string
  passes = 0
  fails = 0

  constructor(name: string, groupPath: string) {
    this.name = name
    this.path = `${groupPath}${separator}${name}`
  }

  add(value: number): void {
    if (value === 0) this.fails++
    else this.passes++
  }

  get isEmpty(): boolean {
    return this.passes + this.fails === 0
  }

  /** MD5 of the path, which is how k6 identifies it. */
  get id(): string {
    return md5(this.path)
  }
}

/** A group with what is in it. The root has the empty name. */
export class Group {
  readonly name: string
  /** `::outer::inner`; empty for the root. */
  readonly path: string
  /** By name, in the order first seen. */
  readonly groups = new Map<string, Group>()
  /** By name, in the order first seen. */
  readonly checks = new Map<string, CheckCount>()

  constructor(name = '', path = '') {
    this.name = name
    this.path = path
  }

  /** MD5 of the path, which is how k6 identifies it. */
  get id(): string {
    return md5(this.path)
  }

  /** The group below this one that a `group` tag names, made if it does not exist. */
  descend(groupTag: string): Group {
    let group: Group = this
    for (const name of groupTag.split(separator).slice(1)) {
      let next = group.groups.get(name)
      if (next === undefined) {
        next = new Group(name, `${group.path}${separator}${name}`)
        group.groups.set(name, next)
      }
      group = next
    }
    return group
  }

  /** The check of that name in this group, made if it does not exist. */
  check(name: string): CheckCount {
    let check = this.checks.get(name)
    if (check === undefined) {
      check = new CheckCount(name, this.path)
      this.checks.set(name, check)
    }
    return check
  }
}

function md5(text: string): string {
  const { createHash } = requirePackage('node:crypto') as typeof import('node:crypto')
  return createHash('md5').update(text).digest('hex')
}
