/** What of the WebAssembly API the runtime uses. @types/node for Node 20 has no types for it, and lib.dom has too many. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number })
    readonly buffer: ArrayBuffer
  }
  class Table {
    grow(by: number): number
    set(index: number, fn: unknown): void
  }
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module, imports: Imports)
    readonly exports: Record<string, unknown>
  }
  type Imports = Record<string, Record<string, unknown>>
}
