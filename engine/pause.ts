/** Pausing, of which k6 knows one kind: before a test begins. */
import { AppError } from '../errors.js'

/** Why a run that has started goes on. */
export const cannotPause = (): AppError =>
  new AppError('USAGE', 'a test that has started cannot be paused: no executor supports it', {
    hint: 'start it with --paused',
  })
