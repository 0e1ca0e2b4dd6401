/** The longest that a timer of Node's can be set to, in ms: 24 days. It fires at once when it is set to more. */
export const longestTimerMs = 2 ** 31 - 1
