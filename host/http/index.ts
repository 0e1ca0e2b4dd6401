/** The face of this folder, for scripts that import k6/http: loaded with the first of them. */
import { http } from './http-module.js'

export { HttpRuntime } from './http-runtime.js'
export { HttpVu } from './http-vu.js'

export const modules = [http]
