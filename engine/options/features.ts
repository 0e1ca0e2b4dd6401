/** Feature flags: which there are, and which of them a run has on. Pure. */
import { AppError } from '../../errors.js'

/** What belljar can do; k6 has `native-histograms` besides. */
const supported = ['freeze-env', 'merge-run-tags'] as const
export type Feature = (typeof supported)[number]

export interface Features {
  readonly active: readonly Feature[]
  /** Names that nobody knows: k6 logs them, and goes on. */
  readonly unknown: readonly string[]
}

/**
 * The features that the strongest source names; the others are overlooked. An empty list is a source too.
 *
 * @param sources names of the command line, the environment and the configuration file, the strongest first
 * @throws {AppError} NOT_SUPPORTED for one that k6 has and belljar does not
 */
export function resolveFeatures(...sources: readonly (readonly string[] | undefined)[]): Features {
  const names = new Set((sources.find((source) => source !== undefined) ?? []).map((name) => name.trim()))
  names.delete('')
  if (names.has('native-histograms')) {
    throw new AppError('NOT_SUPPORTED', 'the feature native-histograms is not supported', {
      hint: 'leave it out of --features, K6_FEATURES and the configuration file',
    })
  }
  const isSupported = (name: string): name is Feature => (supported as readonly string[]).includes(name)
  return {
    active: [...names].filter(isSupported).sort(),
    unknown: [...names].filter((name) => !isSupported(name)),
  }
}

/** The tags by which every sample tells what was on. */
export function featureTags({ active }: Features): [string, string][] {
  return active.map((name) => [`k6_feature_${name.replaceAll('-', '_')}`, 'true'])
}
