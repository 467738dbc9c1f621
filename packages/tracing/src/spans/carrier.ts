/** The W3C trace context of a message: `traceparent` and `tracestate` among its user properties. */
import type { Publish, UserProperties } from '@mqtt-stack/core'

const NAMES: ReadonlySet<string> = new Set(['traceparent', 'tracestate'])

/** What a propagator reads from; of a name that comes more than once the first. */
export function carrierOf(packet: Publish): Record<string, string> {
  const carrier: Record<string, string> = {}
  for (const [name, value] of packet.properties?.userProperties ?? [])
    if (NAMES.has(name)) carrier[name] ??= value
  return carrier
}

/** The message with this context in place of its own; all else stays, in its order. */
export function withContext(packet: Publish, carrier: Readonly<Record<string, string>>): Publish {
  const { properties } = packet
  const others: UserProperties = (properties?.userProperties ?? []).filter(([name]) => !NAMES.has(name))
  const userProperties = [...others, ...Object.entries(carrier)]
  return packet.with({ properties: { ...properties, userProperties } })
}
