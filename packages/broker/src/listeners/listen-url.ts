/** The address of a listener, as `--listen` and configurations name it. */
import { StackError } from '@mqtt-stack/core'
import type { Address } from './address.ts'

/** What an address says of a listener; the port of its transport where it names none. */
export interface ListenUrl {
  readonly transport: Address['transport']
  readonly host?: string
  readonly port?: number
  /** Of a Unix socket, or the only path of a WebSocket that is served. */
  readonly path?: string
}

const TRANSPORTS: Readonly<Record<string, Exclude<Address['transport'], 'unix'>>> = {
  mqtt: 'tcp',
  mqtts: 'tls',
  ws: 'ws',
  wss: 'wss',
}
const EXAMPLE =
  'write mqtt, mqtts, ws or wss with an address, as mqtts://0.0.0.0:8883, or unix:/run/mqtt.sock'
const BARE_IPV6 = /^\w+:\/\/[\da-f]*:[\da-f]*:/i
const BRACKETS = 'an IPv6 address stands in brackets, as mqtt://[::1]:1883'
const PORT = /^(?:mqtts?|wss?):\/\/(?:\[([^\]]+)\]|([^:/?#\]@]+))(?::(\d{1,5}))?(\/[^?#]*)?$/

/** @throws StackError `OPTION_INVALID`, with an address that is one. */
export function parseListenUrl(text: string): ListenUrl {
  const unix = /^unix:(?:\/\/)?(.+)$/.exec(text)
  if (unix !== null) return { transport: 'unix', path: unix[1] }
  const [scheme] = text.split('://', 1)
  const found = PORT.exec(text)
  if (!Object.hasOwn(TRANSPORTS, scheme) || found === null)
    throw invalid(`"${text}" is no address: ${BARE_IPV6.test(text) ? BRACKETS : EXAMPLE}`)
  const transport = TRANSPORTS[scheme]
  const [, six, name, digits, path = '/'] = found
  const port = digits === undefined ? undefined : Number(digits)
  if (port !== undefined && port > 65_535) throw invalid(`"${text}": a port is a number from 0 to 65535`)
  const isWebSocket = transport === 'ws' || transport === 'wss'
  if (path !== '/' && !isWebSocket) throw invalid(`"${text}": only ws and wss have a path`)
  return {
    transport,
    host: six ?? name,
    ...(port !== undefined && { port }),
    ...(path !== '/' && { path }),
  }
}

function invalid(message: string): StackError {
  return new StackError('OPTION_INVALID', message)
}
