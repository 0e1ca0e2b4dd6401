/** Floating-point numbers as Go writes them with the verb %g: the fewest digits, and an exponent earlier than JavaScript. */

/** Go's text of a number, given the shortest decimal text that gives it back (`0.1`, `1e+21`, `-0`); `nan`, `inf`, `-inf`. */
export function goFloat(shortest: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(shortest)
  if (parts === null) return shortest === 'NaN' ? 'nan' : shortest === 'Infinity' ? 'inf' : '-inf'
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts
  const padded = whole + fraction
  const digits = padded.replace(/^0+/, '').replace(/0+$/, '')
  if (digits === '') return `${sign}0`
  /** The power of ten of the first digit. */
  const exponent = Number(power) + whole.length - 1 - (padded.length - padded.replace(/^0+/, '').length)
  if (exponent < -4 || exponent >= 6) return `${sign}${scientific(digits, exponent)}`
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const point = exponent + 1
  if (digits.length <= point) return `${sign}${digits}${'0'.repeat(point - digits.length)}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

function scientific(digits: string, exponent: number): string {
  const rest = digits.slice(1)
  const size = String(Math.abs(exponent)).padStart(2, '0')
  return `${digits[0]}${rest === '' ? '' : `.${rest}`}e${exponent < 0 ? '-' : '+'}${size}`
}
