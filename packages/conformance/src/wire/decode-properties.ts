/** Properties of MQTT 5.0 from bytes: those of the place, each once where it may stand but once, in their range. */
import type { Properties, PropertyKind, PropertyName, PropertyPlace } from './properties.ts'
import { PROPERTY_LIST } from './properties.ts'
import { BadPacket, Reader } from './reader.ts'

const byId = new Map(PROPERTY_LIST.map((line) => [line[1].id, line]))

/** Reads the properties of a packet that a server sends. */
export function readProperties(from: Reader, place: PropertyPlace): Properties {
  const reader = new Reader(from.take(from.variable()))
  const found: Partial<Record<PropertyName, unknown>> = {}
  while (reader.left > 0) {
    const id = reader.variable()
    const line = byId.get(id)
    if (line === undefined) throw new BadPacket(`${place}: there is no property ${id}`)
    const [name, { kind, places, range }] = line
    if (!places.includes(place)) throw new BadPacket(`${place}: ${name} does not belong there`)
    const value = readValue(reader, kind)
    if (range !== undefined && ((value as number) < range[0] || (value as number) > range[1])) {
      throw new BadPacket(`${place}: ${name} is ${value}`)
    }
    const many = name === 'userProperty' || (name === 'subscriptionIdentifier' && place === 'publish')
    if (found[name] !== undefined && !many) throw new BadPacket(`${place}: ${name} stands there twice`)
    const list = name === 'userProperty' || name === 'subscriptionIdentifier'
    found[name] = list ? [...((found[name] as unknown[]) ?? []), value] : value
  }
  return found as Properties
}

function readValue(reader: Reader, kind: PropertyKind): unknown {
  if (kind === 'pair') return [reader.string(), reader.string()]
  return reader[kind]()
}
