/** Several text files in one input: the first text, then others, each after a line `//--- NAME`. */

export function textFiles(text: string, folder: string): { first: string; files: Map<string, Uint8Array> } {
  const [first = '', ...others] = text.split(/^\/\/--- (.*)\n/m)
  const files = new Map<string, Uint8Array>()
  for (let i = 0; i + 1 < others.length; i += 2) files.set(`${folder}${others[i]}`, Buffer.from(others[i + 1]!))
  return { first, files }
}
