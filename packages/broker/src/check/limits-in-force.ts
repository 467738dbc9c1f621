/** The limits that hold at a listener, in words. */
import type { ConfigValue, ListenerValue } from '../config/config-value.ts'
import type { JsonSchema } from '../config/json-schema.ts'

/**
 * What the listener says, and then what holds there as everywhere; what is off is left out.
 * @param schema Of configurations: it has the defaults, and says which limits a listener may have.
 */
export function limitsInForce(
  { limits: own = {} }: Partial<ListenerValue>,
  { limits: section }: ConfigValue,
  { properties = {} }: JsonSchema,
): string[] {
  if (section === undefined) return ['none']
  const usual = properties.limits?.properties ?? {}
  const everywhere = Object.keys(usual)
    .filter((name) => own[name] === undefined)
    .map((name): [string, unknown] => [name, section[name] ?? usual[name]?.default])
  const off = Object.keys(own).filter((name) => own[name] === 0)
  const lines = [
    wordsOf('here', Object.entries(own)),
    off.length === 0 ? '' : `not here: ${off.join(', ')}`,
    wordsOf('as everywhere', everywhere),
  ]
  return lines.filter((line) => line !== '')
}

function wordsOf(title: string, limits: readonly (readonly [string, unknown])[]): string {
  const words = limits.flatMap(([name, value]) => (isOn(value) ? [`${name} ${textOf(value)}`] : []))
  return words.length === 0 ? '' : `${title}: ${words.join(', ')}`
}

function isOn(value: unknown): boolean {
  return value !== undefined && value !== 0 && !(Array.isArray(value) && value.length === 0)
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(' ') : String(value)
}
