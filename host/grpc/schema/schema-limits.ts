/**
 * How much schema a script may bring: the sizes that are checked before and while anything is parsed.
 * Numbers only; who breaks one gets a SchemaError that names the limit and the file.
 */

/** Upper bounds for what one `load()` or `loadProtoset()` reads. */
export interface SchemaLimits {
  /** Bytes of one .proto file. */
  fileBytes: number
  /** Bytes of all files of one load, and of one protoset. */
  totalBytes: number
  /** Files of one load, imports included. */
  files: number
  /** Imports from a named file down to the deepest one. */
  importDepth: number
  /** Messages inside messages, literals of option values inside each other, and parts of an option's name. */
  nesting: number
  /** Fields of one message, and values of one enum times ten. */
  fieldsPerMessage: number
  /** Messages and enums of one load, map entries and groups included. */
  messages: number
}

/** The limits of a run that sets none. */
export const defaultSchemaLimits: SchemaLimits = {
  fileBytes: 1024 * 1024,
  totalBytes: 8 * 1024 * 1024,
  files: 200,
  importDepth: 50,
  nesting: 32,
  fieldsPerMessage: 1000,
  messages: 5000,
}
