/** What of the WebAssembly API the runtime uses. @types/node for Node 20 has no types for it, and lib.dom has too many. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean })
    /** A SharedArrayBuffer, of one length, for a shared memory; growing makes a longer one. */
    readonly buffer: ArrayBufferLike
    grow(pages: number): number
  }
  class Table {
    grow(by: number): number
    set(index: number, fn: unknown): void
  }
  interface Global {
    value: number
  }
  class Module {
    constructor(bytes: Uint8Array)
    static exports(module: Module): { name: string }[]
    static customSections(module: Module, name: string): ArrayBuffer[]
  }
  class Instance {
    constructor(module: Module, imports: Imports)
    readonly exports: Record<string, unknown>
  }
  class RuntimeError extends Error {}
  type Imports = Record<string, Record<string, unknown>>
}
