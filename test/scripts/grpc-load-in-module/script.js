// load() looks for files beside the main script, whichever module calls it.
import { methods, missing } from './lib/client.js'

export default function () {
  console.log(methods)
  console.log(missing)
}
