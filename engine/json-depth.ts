/** How deep objects and lists lie in each other in a JSON text, which is not parsed for it. */
export function jsonDepth(json: string): number {
  let depth = 0
  let deepest = 0
  let isInText = false
  for (let i = 0; i < json.length; i++) {
    const letter = json[i]
    if (isInText) {
      if (letter === '\\') i++
      else if (letter === '"') isInText = false
    } else if (letter === '"') isInText = true
    else if (letter === '{' || letter === '[') {
      depth++
      if (depth > deepest) deepest = depth
    } else if (letter === '}' || letter === ']') depth--
  }
  return deepest
}
