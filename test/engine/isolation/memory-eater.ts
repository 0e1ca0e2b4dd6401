/** Takes memory until somebody ends it. */
const kept: Buffer[] = []
setInterval(() => kept.push(Buffer.alloc(2 ** 22, 1)), 5)
