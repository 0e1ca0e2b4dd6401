/**
 * The options of a text that decide what it means, of each element: packed, json_name, features and a few more. Elements are
 * named by a token, as in the outline. Whether other options are there is another question (option-rules.ts).
 */

import type { FeatureSet, OptionValue, RawField, WrittenOption } from './file-descriptor.js'
import type { Outline } from './proto-outline.js'
import type { ProtoTokens } from './proto-tokens.js'

/** The features of editions that matter here: where each goes, and what it may be. */
const features = new Map<string, readonly [keyof FeatureSet, ...string[]]>([
  ['field_presence', ['fieldPresence', 'EXPLICIT', 'IMPLICIT', 'LEGACY_REQUIRED']],
  ['repeated_field_encoding', ['repeatedFieldEncoding', 'PACKED', 'EXPANDED']],
  ['utf8_validation', ['utf8Validation', 'VERIFY', 'NONE']],
  ['message_encoding', ['messageEncoding', 'LENGTH_PREFIXED', 'DELIMITED']],
  ['enum_type', ['enumType', 'OPEN', 'CLOSED']],
  ['json_format', ['jsonFormat', 'ALLOW', 'LEGACY_BEST_EFFORT']],
])

export class ElementOptions {
  constructor(
    private readonly tokens: ProtoTokens,
    private readonly outline: Outline,
  ) {}

  /** What an element holds of its options. */
  of(owner: number): Pick<RawField, 'options'> {
    const options = this.outline.options.get(owner)
    return options === undefined ? {} : { options }
  }

  /** The option of that name of the element that the token `owner` names. */
  get(owner: number, name: string): WrittenOption | undefined {
    const [found, second] = (this.outline.options.get(owner) ?? []).filter((option) => option.name === name)
    if (second !== undefined) throw this.tokens.error(second.at, `non-repeated option field ${name} already set`)
    return found
  }

  bool(owner: number, name: string): boolean | undefined {
    const value = this.get(owner, name)?.value
    if (value === undefined) return undefined
    if (value.kind !== 'word' || (value.text !== 'true' && value.text !== 'false'))
      throw this.tokens.error(value.offset, `expecting bool value for ${name} option`)
    return value.text === 'true'
  }

  /** Checks the features of an element, and returns those that matter here. */
  features(owner: number): FeatureSet {
    const out: FeatureSet = {}
    const seen = new Set<string>()
    for (const { name, at, value } of this.outline.options.get(owner) ?? []) {
      if (name !== 'features' && !name.startsWith('features.')) continue
      const { syntax } = this.outline
      if (syntax !== 'editions') {
        const text = `option 'features' may only be used with editions but file uses ${syntax} syntax`
        throw this.tokens.error(at, text)
      }
      if (name !== 'features') this.feature(name.slice('features.'.length), value, seen, out)
      else for (const field of value.fields ?? []) this.feature(field.name, field.value, seen, out)
    }
    return out
  }

  private feature(name: string, value: OptionValue, seen: Set<string>, out: FeatureSet): void {
    const refuse = (text: string) => {
      throw this.tokens.error(value.offset, text)
    }
    if (seen.has(name)) refuse(`features.${name} is set more than once`)
    seen.add(name)
    const known = features.get(name)
    if (known === undefined) return
    const [key, ...allowed] = known
    if (!allowed.includes(value.text)) refuse(`features.${name}: unknown value ${value.text}`)
    Object.assign(out, { [key]: value.text })
  }

  /** The JSON name that a field says it has. */
  jsonName(owner: number, isExtension: boolean): string | undefined {
    const option = this.get(owner, 'json_name')
    if (option === undefined) return undefined
    const { at, value } = option
    const { kind, text, offset } = value
    const refuse = (where: number, message: string) => {
      throw this.tokens.error(where, message)
    }
    if (kind !== 'string') refuse(offset, 'expecting string value for json_name option')
    if (isExtension) refuse(at, 'option json_name is not allowed on extensions')
    if (/^\[.*\]$/.test(text)) {
      const reserved = "option json_name value cannot start with '[' and end with ']'"
      refuse(offset, `${reserved}; that is reserved for representing extensions`)
    }
    if (text.includes('\0')) refuse(offset, 'option json_name value cannot contain a null character')
    return text
  }
}
