/**
 * The buffer in the VM's memory into which the guest writes its samples (modules/internal/samples.ts): a count, then
 * triples of series, time and value. Read without entering the VM. Everything in it is the guest's: hence hostile.
 */
import type { Metric } from '../metrics/metric.js'
import type { SampleBuffer } from '../metrics/sample-buffer.js'
import type { TagSet } from '../metrics/tag-set.js'
import { GuestError } from '../runtime/guest-error.js'

interface VuSeries {
  metric: Metric
  tags: TagSet
  /** The id in the thread's buffer for samples without metadata, once there was one. */
  id: number | undefined
}

// The guest half forgets all of them before it has more.
const maxSeries = 10_000

export class SampleRing {
  readonly #samples: SampleBuffer
  readonly #memory: () => ArrayBufferLike
  readonly #offset: number
  readonly #capacity: number
  readonly #series: VuSeries[] = []
  /** Of the buffer: the VM has another memory once it has grown. */
  #view: DataView | undefined

  /** `memory` gives the VM's memory as it is now; `offset` and `byteLength` say where the buffer lies in it. */
  constructor(samples: SampleBuffer, memory: () => ArrayBufferLike, offset: number, byteLength: number) {
    this.#samples = samples
    this.#memory = memory
    this.#offset = offset
    this.#capacity = Math.floor((byteLength / 8 - 1) / 3)
  }

  /** A number for samples of this metric with these tags. @throws {GuestError} when there are too many */
  series(metric: Metric, tags: TagSet): number {
    if (this.#series.length >= maxSeries) {
      throw new GuestError('GoError', `a VU may have ${maxSeries} different series of samples`)
    }
    return this.#series.push({ metric, tags, id: undefined }) - 1
  }

  /** Numbers of series mean nothing any more; what was written with them has to be drained before. */
  forgetSeries(): void {
    this.#series.length = 0
  }

  /** Moves what the guest has written to the thread's samples, with the metadata that held meanwhile. */
  drain(metadata: TagSet): void {
    const memory = this.#memory()
    // The VM was lost, and what it has measured with it.
    if (memory.byteLength === 0) return
    if (this.#view?.buffer !== memory) this.#view = new DataView(memory)
    const view = this.#view!
    const count = view.getFloat64(this.#offset, true)
    if (count === 0) return
    view.setFloat64(this.#offset, 0, true)
    if (!(count > 0 && count <= this.#capacity)) return
    const samples = this.#samples
    for (let i = 0, at = this.#offset + 8; i < count; i++, at += 24) {
      const series = this.#series[view.getFloat64(at, true)]
      if (series === undefined) continue
      let id = metadata.isEmpty ? series.id : undefined
      if (id === undefined) {
        id = samples.series(series.metric, series.tags, metadata)
        // Others are good for one sample only.
        if (id > 0) series.id = id
      }
      samples.add(id, view.getFloat64(at + 8, true), view.getFloat64(at + 16, true))
    }
  }
}
