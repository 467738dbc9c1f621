/** `--property PACKET NAME VALUE` and `--property PACKET user-property NAME VALUE`: several words behind one flag. */
import { nameHint, StackError } from '@mqtt-stack/core'

/** Properties of a packet, as MQTT.js names them. */
export type Properties = Record<string, unknown>

/** What was given, by packet. */
export interface GivenProperties {
  readonly connect?: Properties
  readonly publish?: Properties
  readonly subscribe?: Properties
  readonly will?: Properties
}

type Packet = keyof GivenProperties
type Kind = 'number' | 'text' | 'bytes' | 'flag'

/** Which packets have which, with the kind of its value. */
const KNOWN: Readonly<Record<Packet, Readonly<Record<string, Kind>>>> = {
  connect: {
    'session-expiry-interval': 'number',
    'receive-maximum': 'number',
    'maximum-packet-size': 'number',
    'topic-alias-maximum': 'number',
    'request-response-information': 'flag',
    'request-problem-information': 'flag',
  },
  publish: {
    'payload-format-indicator': 'flag',
    'message-expiry-interval': 'number',
    'topic-alias': 'number',
    'response-topic': 'text',
    'correlation-data': 'bytes',
    'content-type': 'text',
  },
  subscribe: { 'subscription-identifier': 'number' },
  will: {
    'will-delay-interval': 'number',
    'payload-format-indicator': 'flag',
    'message-expiry-interval': 'number',
    'response-topic': 'text',
    'correlation-data': 'bytes',
    'content-type': 'text',
  },
}

const USER = 'user-property'

/**
 * Takes the properties out of the arguments.
 * @param command For errors: `mqtt-stack pub`.
 * @throws StackError `OPTION_INVALID` or `OPTION_MISSING`, in one line.
 */
export function takeProperties(
  command: string,
  args: readonly string[],
): { readonly args: readonly string[]; readonly properties: GivenProperties } {
  const rest: string[] = []
  const properties: Record<string, Properties> = {}
  for (let i = 0; i < args.length; i++) {
    if (args[i] !== '-D' && args[i] !== '--property') {
      rest.push(args[i] as string)
      continue
    }
    const [packet = '', name = ''] = args.slice(i + 1, i + 3)
    const values = args.slice(i + 3, i + (name === USER ? 5 : 4))
    if (values.length < (name === USER ? 2 : 1))
      throw new StackError(
        'OPTION_MISSING',
        `${command}: --property wants PACKET NAME VALUE, or PACKET ${USER} NAME VALUE`,
      )
    add(command, properties, packet.toLowerCase(), name, values)
    i += 2 + values.length
  }
  return { args: rest, properties }
}

function add(
  command: string,
  all: Record<string, Properties>,
  packet: string,
  name: string,
  [value = '', second = '']: readonly string[],
): void {
  if (!Object.hasOwn(KNOWN, packet))
    throw unknown(command, `there is no packet "${packet}"`, packet, Object.keys(KNOWN))
  const known = KNOWN[packet as Packet]
  all[packet] ??= {}
  const properties = all[packet]
  if (name === USER) {
    properties.userProperties ??= {}
    const user = properties.userProperties as Record<string, string | string[]>
    const before = user[value]
    user[value] = before === undefined ? second : [before, second].flat()
    return
  }
  const kind = Object.hasOwn(known, name) ? known[name] : undefined
  if (kind === undefined)
    throw unknown(command, `${packet} has no property "${name}"`, name, [...Object.keys(known), USER])
  properties[camel(name)] = readValue(command, name, kind, value)
}

function readValue(command: string, name: string, kind: Kind, value: string): unknown {
  if (kind === 'text') return value
  if (kind === 'bytes') return Buffer.from(value)
  if (!/^\d+$/.test(value))
    throw new StackError('OPTION_INVALID', `${command}: --property ${name} wants a number, not "${value}"`)
  return kind === 'flag' ? value !== '0' : Number(value)
}

function unknown(command: string, what: string, name: string, names: readonly string[]): StackError {
  return new StackError('OPTION_UNKNOWN', `${command}: --property: ${what} (${nameHint(name, names)})`)
}

function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
