/** Runs many jobs with a bound on how many are under way at once, in all and for each host. Knows no HTTP. */

export interface BatchJob<T> {
  readonly host: string
  run(): Promise<T>
}

/**
 * What the jobs give, in their order. Jobs begin in their order, but for those whose host is busy. A bound of 0 is none.
 *
 * @throws what the first job that fails throws; those that are under way go on
 */
export function runBatch<T>(jobs: readonly BatchJob<T>[], most: number, mostPerHost: number): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const results = new Array<T>(jobs.length)
    const waiting = jobs.map((job, index) => ({ job, index }))
    const busy = new Map<string, number>()
    let open = 0
    let left = jobs.length
    if (left === 0) return resolve(results)
    const isFree = (host: string) => mostPerHost <= 0 || (busy.get(host) ?? 0) < mostPerHost
    const begin = () => {
      for (let i = 0; i < waiting.length && (most <= 0 || open < most); ) {
        const { job, index } = waiting[i]!
        if (!isFree(job.host)) {
          i++
          continue
        }
        waiting.splice(i, 1)
        open++
        busy.set(job.host, (busy.get(job.host) ?? 0) + 1)
        job.run().then((result) => {
          results[index] = result
          open--
          left--
          busy.set(job.host, busy.get(job.host)! - 1)
          if (left === 0) resolve(results)
          else begin()
        }, reject)
      }
    }
    begin()
  })
}
