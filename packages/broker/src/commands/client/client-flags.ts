/** The flags by which `pub`, `sub` and `bench` reach a broker: named as those of Mosquitto. */
import { readFileSync } from 'node:fs'
import type { OptionsSpec, Resolved } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { IClientOptions } from 'mqtt'
import type { GivenProperties } from './properties.ts'

export interface ClientFlags {
  url?: string
  host?: string
  port?: number
  unix?: string
  username?: string
  pw?: string
  'protocol-version'?: string
  keepalive?: number
  cafile?: string
  cert?: string
  key?: string
  insecure?: boolean
  'will-topic'?: string
  'will-payload'?: string
  'will-qos'?: number
  'will-retain'?: boolean
}

export type ClientConfig = Resolved<ClientFlags>

/** How long a broker may take to accept, in ms. */
const CONNECT_TIMEOUT = 10_000

const VERSIONS: Readonly<Record<string, 3 | 4 | 5>> = {
  '5': 5,
  mqttv5: 5,
  '311': 4,
  mqttv311: 4,
  '31': 3,
  mqttv31: 3,
}

export const CLIENT_FLAGS: OptionsSpec<ClientFlags> = {
  url: {
    kind: 'string',
    default: '',
    doc: 'broker and topic in one: mqtt, mqtts, ws or wss://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC]; of ws the path is one of the broker',
  },
  host: { kind: 'string', default: 'localhost', doc: 'where the broker is' },
  port: { kind: 'number', optional: true, min: 1, max: 65_535, doc: 'its port; 1883, and 8883 with TLS' },
  unix: { kind: 'string', default: '', doc: 'its Unix socket, in place of host and port' },
  username: { kind: 'string', optional: true, doc: 'who it is' },
  pw: { kind: 'string', optional: true, doc: 'its password' },
  'protocol-version': {
    kind: 'string',
    default: 'mqttv5',
    choices: Object.keys(VERSIONS),
    doc: 'mqttv5, mqttv311 or mqttv31, or 5, 311, 31',
  },
  keepalive: { kind: 'number', default: 60, max: 65_535, unit: 's', doc: 'seconds between signs of life' },
  cafile: { kind: 'string', default: '', doc: 'authorities (PEM) that the broker’s certificate is of: TLS' },
  cert: { kind: 'string', default: '', doc: 'a certificate of its own (PEM); needs --key' },
  key: { kind: 'string', default: '', doc: 'its private key (PEM)' },
  insecure: { kind: 'boolean', default: false, doc: 'TLS without looking at whose certificate it is' },
  'will-topic': { kind: 'string', default: '', doc: 'topic of its will' },
  'will-payload': { kind: 'string', optional: true, doc: 'message of its will' },
  'will-qos': { kind: 'number', default: 0, max: 2, doc: 'QoS of its will' },
  'will-retain': { kind: 'boolean', default: false, doc: 'its will is to be retained' },
}

/** What they want, for `--help`. */
export const CLIENT_WANTS: { readonly [Key in keyof ClientFlags]?: string } = {
  url: 'url',
  host: 'address',
  port: 'port',
  unix: 'file',
  username: 'name',
  pw: 'password',
  'protocol-version': 'version',
  keepalive: 'seconds',
  cafile: 'file',
  cert: 'file',
  key: 'file',
  'will-topic': 'topic',
  'will-payload': 'text',
  'will-qos': 'qos',
}

export const CLIENT_SHORTS: { readonly [Key in keyof ClientFlags]?: string } = {
  url: 'L',
  host: 'h',
  port: 'p',
  username: 'u',
  pw: 'P',
  'protocol-version': 'V',
  keepalive: 'k',
}

/** Where a broker is, and as whom it is reached. */
export interface Target {
  /** Without user and password; `unix:FILE` for a Unix socket. */
  readonly url: string
  /** Of the URL's path. */
  readonly topic: string | undefined
  readonly options: IClientOptions
}

/**
 * What flags say.
 * @param command For errors: `mqtt-stack pub`.
 * @throws StackError `OPTION_INVALID`, `OPTION_MISSING`, in one line.
 */
export function targetOf(command: string, flags: ClientConfig, properties: GivenProperties = {}): Target {
  const protocolVersion = VERSIONS[flags['protocol-version']]
  if (protocolVersion !== 5 && Object.keys(properties).length > 0)
    throw invalid(command, '--property needs --protocol-version mqttv5')
  const { url, topic, username, password } = placeOf(command, flags)
  const { cafile, cert, key, insecure } = flags
  if ((cert === '') !== (key === '')) throw invalid(command, '--cert and --key need each other')
  return {
    url,
    topic,
    options: {
      protocolVersion,
      ...(protocolVersion === 3 && { protocolId: 'MQIsdp' as const }),
      keepalive: flags.keepalive,
      username: flags.username ?? username,
      password: flags.pw ?? password,
      ...(cafile !== '' && { ca: read(command, '--cafile', cafile) }),
      ...(cert !== '' && { cert: read(command, '--cert', cert), key: read(command, '--key', key) }),
      ...(insecure && { rejectUnauthorized: false }),
      ...(properties.connect !== undefined && { properties: properties.connect }),
      ...willOf(command, flags, properties),
      connectTimeout: CONNECT_TIMEOUT,
      reconnectPeriod: 0,
      resubscribe: false,
    },
  }
}

interface Place {
  readonly url: string
  readonly topic?: string | undefined
  readonly username?: string
  readonly password?: string
}

function placeOf(command: string, flags: ClientConfig): Place {
  const { url, host, port, unix, cafile, insecure } = flags
  if (unix !== '') return { url: `unix:${unix}` }
  const secure = cafile !== '' || insecure
  if (url === '') {
    const at = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
    return { url: `${secure ? 'mqtts' : 'mqtt'}://${at}:${port ?? (secure ? 8883 : 1883)}` }
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const { protocol = '', hostname = '', pathname = '' } = parsed ?? {}
  if (parsed === undefined || hostname === '' || !/^(?:mqtts?|wss?):$/.test(protocol))
    throw invalid(command, '--url wants mqtt, mqtts, ws or wss://HOST[:PORT][/TOPIC]')
  const username = decodeURIComponent(parsed.username)
  const password = decodeURIComponent(parsed.password)
  parsed.username = ''
  parsed.password = ''
  const isPlain = protocol.startsWith('mqtt')
  const topic = isPlain && pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : undefined
  if (isPlain) parsed.pathname = ''
  return {
    url: parsed.href,
    topic,
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  }
}

function willOf(
  command: string,
  flags: ClientConfig,
  { will }: GivenProperties,
): Pick<IClientOptions, 'will'> {
  const { 'will-topic': topic, 'will-payload': payload = '', 'will-qos': qos, 'will-retain': retain } = flags
  if (topic === '') {
    if (flags['will-payload'] !== undefined || will !== undefined || retain || qos > 0)
      throw new StackError('OPTION_MISSING', `${command}: a will needs --will-topic`)
    return {}
  }
  const properties = will === undefined ? {} : { properties: will }
  return { will: { topic, payload: Buffer.from(payload), qos: qos as 0 | 1 | 2, retain, ...properties } }
}

function read(command: string, flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new StackError(
      'FILE_INVALID',
      `${command}: ${flag}: cannot read ${file}: ${(error as Error).message}`,
    )
  }
}

export function invalid(command: string, what: string): StackError {
  return new StackError('OPTION_INVALID', `${command}: ${what}`)
}
