/** The samples that every iteration has. Their series are looked up once for a set of tags, and not for each of them. */
import type { Traffic } from '../host/net/traffic.js'
import type { MetricRegistry } from '../metrics/registry.js'
import type { SampleBuffer } from '../metrics/sample-buffer.js'
import type { TagSet } from '../metrics/tag-set.js'

export class IterationSeries {
  readonly tags: TagSet
  readonly #samples: SampleBuffer
  readonly #sent: Series
  readonly #received: Series
  readonly #duration: Series
  readonly #iterations: Series

  constructor(tags: TagSet, samples: SampleBuffer, registry: MetricRegistry) {
    const series = (name: string) => new Series(name, tags, samples, registry)
    this.tags = tags
    this.#samples = samples
    this.#sent = series('data_sent')
    this.#received = series('data_received')
    this.#duration = series('iteration_duration')
    this.#iterations = series('iterations')
  }

  /** @param timeMs milliseconds since 1970 */
  addTraffic({ sentBytes, receivedBytes }: Traffic, metadata: TagSet, timeMs: number): void {
    this.#samples.add(this.#sent.id(metadata), timeMs, sentBytes)
    this.#samples.add(this.#received.id(metadata), timeMs, receivedBytes)
  }

  /** An iteration that came to its end. @param timeMs milliseconds since 1970 */
  addIteration(durationMs: number, metadata: TagSet, timeMs: number): void {
    this.#samples.add(this.#duration.id(metadata), timeMs, durationMs)
    this.#samples.add(this.#iterations.id(metadata), timeMs, 1)
  }
}

class Series {
  readonly #metric
  readonly #tags: TagSet
  readonly #samples: SampleBuffer
  #lastingId = 0

  constructor(name: string, tags: TagSet, samples: SampleBuffer, registry: MetricRegistry) {
    this.#metric = registry.get(name)!
    this.#tags = tags
    this.#samples = samples
  }

  /** Others than positive ids are good for one sample only. */
  id(metadata: TagSet): number {
    if (this.#lastingId > 0 && metadata.isEmpty) return this.#lastingId
    const id = this.#samples.series(this.#metric, this.#tags, metadata)
    if (id > 0) this.#lastingId = id
    return id
  }
}
