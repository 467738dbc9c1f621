/** The listeners that flags ask for. */
import { StackError } from '@mqtt-stack/core'
import type { CliConfig } from './cli-options.ts'
import type { Address } from './listeners/address.ts'
import { ListenError } from './listeners/listen-error.ts'
import { parseListenUrl } from './listeners/listen-url.ts'
import type { ListenerOptions } from './listeners/options.ts'
import type { PemSource } from './listeners/pem.ts'
import { pemFile } from './pem-file.ts'

const WS_FLAGS = '--ws-port moves it, --no-ws leaves it out'
const FLAGS: Readonly<Record<Address['transport'], string>> = {
  tcp: '--port and --host move it',
  tls: '--port and --host move it',
  ws: WS_FLAGS,
  wss: WS_FLAGS,
  unix: '--unix names it',
}

/** Flags that say where it listens. */
const OF_LISTENERS = [
  'listen',
  'port',
  'host',
  'ws-port',
  'no-ws',
  'unix',
  'cert',
  'key',
  'ca',
  'crl',
] as const

interface Files {
  readonly cert: PemSource
  readonly key: PemSource
  readonly ca: PemSource | undefined
  readonly crl: PemSource | undefined
}

/** Whether flags say where it listens: then they say all of it, whatever a configuration says. */
export function namesListeners(given: ReadonlySet<string>): boolean {
  return OF_LISTENERS.some((name) => given.has(name))
}

/** @throws StackError `LISTEN_FAILED` where a certificate or key cannot be read. */
export function listenersOfFlags(config: CliConfig): ListenerOptions[] {
  const files = config.cert === '' ? undefined : filesOf(config)
  if (config.listen.length > 0) return config.listen.map((url) => listenerOf(url, files))
  const { host, port, unix, 'no-ws': noWs, 'ws-port': wsPort } = config
  const sockets: ListenerOptions[] = unix === '' ? [] : [{ transport: 'unix', path: unix }]
  if (files === undefined) {
    const ws: ListenerOptions[] = noWs ? [] : [{ transport: 'ws', host, port: wsPort }]
    return [{ transport: 'tcp', host, port }, ...ws, ...sockets]
  }
  const wss: ListenerOptions[] = noWs ? [] : [{ transport: 'wss', host, port: wsPort, ...files }]
  return [{ transport: 'tls', host, port, ...files }, ...wss, ...sockets]
}

function listenerOf(url: string, files: Files | undefined): ListenerOptions {
  const address = parseListenUrl(url)
  const secure = address.transport === 'tls' || address.transport === 'wss'
  return { ...address, ...(secure && files) } as ListenerOptions
}

function filesOf({ cert, key, ca, crl }: CliConfig): Files {
  return {
    cert: read('cert', cert),
    key: read('key', key),
    ca: ca === '' ? undefined : read('ca', ca),
    crl: crl === '' ? undefined : read('crl', crl),
  }
}

function read(flag: keyof Files, path: string): PemSource {
  try {
    return pemFile(path)
  } catch (error) {
    const { message, cause } = error as Error
    throw new StackError('LISTEN_FAILED', `--${flag}: ${message}`, { cause })
  }
}

/** Names the flag that moves a listener, or leaves it out; `where` is the configuration that moves it. */
export function withFlag(error: Error, { listen }: CliConfig, where: string | undefined): Error {
  if (!(error instanceof ListenError)) return error
  const { transport, message, cause } = error
  const flag = listen.length > 0 ? '--listen moves it' : FLAGS[transport]
  return new ListenError(transport, `${message} (${where ?? flag})`, cause)
}
