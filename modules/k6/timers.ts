/** Guest half of `k6/timers`: the global timers under their module name. */
import { timers } from '../internal/timers.js'

export const { clearInterval, clearTimeout, setInterval, setTimeout } = timers
export default timers
