/** How much one iteration of the benchmark's scripts and yardsticks does. Scripts get the numbers as variables. */

/** Calls that are under way at once. */
export const unaryBatch = 10
/** Messages of a server stream. */
export const feedMessages = 1000
/** Messages of a stream in both directions, one after the other. */
export const echoMessages = 100
