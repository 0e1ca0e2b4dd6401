import assert from 'node:assert/strict'
import { consolidateOptions } from '../../../engine/options/consolidate.js'
import { featureTags, resolveFeatures } from '../../../engine/options/features.js'
import { runScript } from '../../support/run-script.js'

describe('features', () => {
  it('are those of the strongest source alone, also when it names none', () => {
    assert.deepEqual(resolveFeatures(undefined, ['freeze-env'], ['merge-run-tags']).active, ['freeze-env'])
    assert.deepEqual(resolveFeatures([], ['freeze-env']).active, [])
    assert.deepEqual(resolveFeatures().active, [])
  })

  it('tell names that nobody knows, and refuse the one that is not there', () => {
    assert.deepEqual(resolveFeatures(['nope', ' freeze-env', 'nope']), { active: ['freeze-env'], unknown: ['nope'] })
    assert.throws(() => resolveFeatures(['native-histograms']), { code: 'NOT_SUPPORTED', message: /native-histograms/ })
  })

  it('are on every sample as tags', () => {
    assert.deepEqual(featureTags(resolveFeatures(['merge-run-tags', 'freeze-env'])), [
      ['k6_feature_freeze_env', 'true'],
      ['k6_feature_merge_run_tags', 'true'],
    ])
  })

  it('merge-run-tags merges tags over all sources, the strongest last', () => {
    const layers = {
      file: { tags: new Map([['a', 'file']]) },
      script: { tags: new Map([...'abc'].map((name) => [name, 'script'])) },
      env: { tags: new Map([['b', 'env']]) },
      cli: { tags: new Map([['c', 'cli']]), features: ['merge-run-tags'] },
    }
    const { specified } = consolidateOptions(layers, () => true)
    assert.deepEqual(Object.fromEntries(specified.tags!), { a: 'script', b: 'env', c: 'cli' })
    const replaced = consolidateOptions({ ...layers, cli: { tags: layers.cli.tags } }, () => true)
    assert.deepEqual(Object.fromEntries(replaced.specified.tags!), { c: 'cli' })
  })

  it('of a script are without effect, and a warning says so', () => {
    const { features, specified, warnings } = consolidateOptions({ script: { features: ['freeze-env'] } }, () => true)
    assert.deepEqual(features.active, [])
    assert.equal(specified.features, undefined)
    assert.match(warnings[0]!.message, /`features` of a script/)
  })

  it('freeze-env keeps a script from changing __ENV, with the environment of its scenario in it', async () => {
    const { said } = await runScript(
      `export const options = { scenarios: { s: { executor: 'per-vu-iterations', env: { B: 'b' } } } }
      const attempt = () => { try { __ENV.A = 'changed' } catch (e) { return e.name } }
      const early = attempt()
      export default function () { console.log(early, attempt(), __ENV.A, __ENV.B, Object.isFrozen(__ENV)) }`,
      { env: { A: 'a' }, settings: { freezesEnv: true } },
    )
    assert.deepEqual(said, ['TypeError TypeError a b true'])
  })
})
