/** What the command does, from its arguments to its exit code. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Broker } from './broker.ts'
import type { CliConfig } from './cli-options.ts'
import { helpText, parseFlags } from './cli-options.ts'
import { createBroker } from './create-broker.ts'
import { openData } from './data.ts'
import type { Address } from './listeners/address.ts'
import { ListenError } from './listeners/listen-error.ts'
import type { ListenerOptions } from './listeners/options.ts'
import { logTraffic } from './log-traffic.ts'
import { createLogger } from './logger.ts'
import { checkNpmFlags } from './npm-flags.ts'

/** Milliseconds in which the broker must have stopped. */
const STOP_TIMEOUT = 4_000

/** Of a terminal that closes, and of tools that rotate logs or look for a debugger: by default they end a process. */
const HARMLESS = ['SIGHUP', 'SIGUSR2'] as const
const WS_FLAGS = '--ws-port moves it, --no-ws leaves it out'
const FLAGS: Readonly<Record<Address['transport'], string>> = {
  tcp: '--port and --host move it',
  tls: '--port and --host move it',
  ws: WS_FLAGS,
  wss: WS_FLAGS,
  unix: '--unix names it',
}

/**
 * Runs the broker until SIGTERM or SIGINT.
 * @param args What stands behind the command.
 * @returns The exit code. What went wrong before the broker ran is one line on stderr.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  const signal = nextSignal()
  try {
    checkNpmFlags(args, process.env)
    const config = parseFlags(args)
    if (config.help) process.stdout.write(helpText())
    else if (config.version) process.stdout.write(`${version()}\n`)
    else await serve(config, signal)
    return 0
  } catch (error) {
    process.stderr.write(`${oneLine(error as Error)}\n`)
    return 1
  }
}

async function serve(config: CliConfig, signal: Promise<string>): Promise<void> {
  const listeners = listenersOf(config)
  const level = config.verbose ? 'debug' : config['log-level']
  const logger = await createLogger(level, process.stdout.isTTY === true)
  const allowAnonymous = config['allow-anonymous'] || 'local'
  const backend = config.data === '' ? undefined : await openData(config)
  const broker = createBroker({ listeners, allowAnonymous, backend, stack: { logger } })
  if (level === 'debug') logTraffic(broker, logger)
  for (const name of HARMLESS) process.on(name, () => logger.info(`${name}: it changes nothing`))
  await broker.listen().catch((error: Error) => {
    throw withFlag(error)
  })
  for (const { url } of broker.addresses) logger.info(`listening on ${url}`)
  warnOfStrangers(broker, logger, config)
  logger.info(`${await signal}: stopping`)
  await Promise.race([broker.close(), delay(STOP_TIMEOUT)])
  logger.info('stopped')
}

function listenersOf({ host, port, unix, ...config }: CliConfig): ListenerOptions[] {
  const { 'no-ws': noWs, 'ws-port': wsPort } = config
  const sockets: ListenerOptions[] = unix === '' ? [] : [{ transport: 'unix', path: unix }]
  if (config.cert === '') {
    const ws: ListenerOptions[] = noWs ? [] : [{ transport: 'ws', host, port: wsPort }]
    return [{ transport: 'tcp', host, port }, ...ws, ...sockets]
  }
  const ca = config.ca === '' ? undefined : read('ca', config.ca)
  const files = { cert: read('cert', config.cert), key: read('key', config.key), ca }
  const wss: ListenerOptions[] = noWs ? [] : [{ transport: 'wss', host, port: wsPort, ...files }]
  return [{ transport: 'tls', host, port, ...files }, ...wss, ...sockets]
}

function read(flag: 'cert' | 'key' | 'ca', path: string): Buffer {
  try {
    const file = readFileSync(path)
    if (!file.includes('-----BEGIN ')) throw new Error('it is no PEM file')
    return file
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const reason = {
      ENOENT: 'there is no such file',
      EACCES: 'it may not be read',
      EISDIR: 'it is a folder',
    }[code ?? '']
    const text = `--${flag}: cannot read ${path}: ${reason ?? message}: name a readable PEM file`
    throw new StackError('LISTEN_FAILED', text, { cause: error })
  }
}

/** Where others than this machine reach a listener, either all are let in or none: both want to be known. */
function warnOfStrangers({ addresses }: Broker, logger: Logger, config: CliConfig): void {
  const reached = config.ca === '' ? 'whoever reaches it' : 'whoever has a certificate'
  for (const { url } of addresses.filter(({ local }) => !local)) {
    if (config['allow-anonymous'])
      logger.warn(`${url}: ${reached} may read and write everything (--allow-anonymous)`)
    else logger.warn(`${url}: this machine alone is let in there: others need --allow-anonymous`)
  }
}

/** Names the flag that moves a listener, or leaves it out. */
function withFlag(error: Error): Error {
  if (!(error instanceof ListenError)) return error
  const { transport, message, cause } = error
  return new ListenError(transport, `${message} (${FLAGS[transport]})`, cause)
}

/** SIGTERM or SIGINT, whichever is first. Later ones change nothing: npm passes on what the terminal sends to both. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT']) process.on(name, resolve)
  })
}

function version(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

function oneLine({ message }: Error): string {
  const text = message.replace(/\s*\n\s*/g, ' ')
  return text.startsWith('mqtt-stack: ') ? text : `mqtt-stack: ${text}`
}
