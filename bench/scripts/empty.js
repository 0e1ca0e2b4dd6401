// Nothing: what starting and ending take.
export default function () {}
