import type { UserProperties } from '@mqtt-stack/core'

/** User properties by their names, as mqtt-packet and MQTT.js have them: to compare with what those read. */
export function grouped(pairs: UserProperties): Record<string, string | string[]> {
  const byName = new Map<string, string[]>()
  for (const [name, value] of pairs) byName.set(name, [...(byName.get(name) ?? []), value])
  return Object.fromEntries(
    [...byName].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  )
}
