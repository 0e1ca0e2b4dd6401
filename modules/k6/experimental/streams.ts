/** Guest half of `k6/experimental/streams`: what k6 has of the Streams Standard. There is no host half. */
import { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader } from '../../internal/readable-stream.js'

export { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader }
export default { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader }
