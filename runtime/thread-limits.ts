/** What a thread that runs VMs must be started with. */
import type { Limits } from '../policy/limits.js'

/**
 * Host stack needed for each byte of guest stack: with less, a deep guest recursion ends in a RangeError of the host, and
 * the instance is lost. Measured over 65 recursive programs on Node 20, 24 and 26. The stack is reserved, not resident.
 */
const hostStackFactor = 256 * 2
const mebibyte = 1024 * 1024

/** Room for what scripts make the host keep: schemas, files, samples. The VMs' own memory is not part of it. */
const mostOldGenerationSizeMb = 1024
/** A small nursery: calls leave little behind, and a large one lets garbage of calls pile up by the 100 MB. */
const maxYoungGenerationSizeMb = 8

/** `resourceLimits` of a worker. */
export interface ThreadResources {
  readonly stackSizeMb: number
  readonly maxOldGenerationSizeMb: number
  readonly maxYoungGenerationSizeMb: number
}

/** Those of a worker in which VMs with these limits run. */
export function threadResourceLimits(limits: Limits): ThreadResources {
  return {
    stackSizeMb: Math.ceil((limits.stackBytes * hostStackFactor) / mebibyte),
    // A thread that has no memory left ends alone; a process that has none ends with all of its threads.
    maxOldGenerationSizeMb: Math.min(mostOldGenerationSizeMb, Math.ceil(limits.hostMemoryBytes / mebibyte)),
    maxYoungGenerationSizeMb,
  }
}
