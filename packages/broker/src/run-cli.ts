/** What the command does, from its arguments to its exit code. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { Broker } from './broker.ts'
import type { CliConfig } from './cli-options.ts'
import { helpText, parseFlags } from './cli-options.ts'
import { createBroker } from './create-broker.ts'
import type { ListenerOptions } from './listeners/options.ts'
import { createLogger } from './logger.ts'

/** Milliseconds in which the broker must have stopped. */
const STOP_TIMEOUT = 4_000

/**
 * Runs the broker until SIGTERM or SIGINT.
 * @param args What stands behind the command.
 * @returns The exit code. What went wrong before the broker ran is one line on stderr.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  const signal = nextSignal()
  try {
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
  const logger = await createLogger(config.verbose, process.stdout.isTTY === true)
  const allowAnonymous = config['allow-anonymous'] || 'local'
  const broker = createBroker({ listeners, allowAnonymous, stack: { logger } })
  if (config.verbose) logEvents(broker, logger)
  await broker.listen()
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

function logEvents(broker: Broker, logger: Logger): void {
  broker.on('clientConnected', ({ client: { id, listener } }) => {
    logger.debug(`${id} connected from ${listener.remote ?? 'this machine'} (${listener.transport})`)
  })
  broker.on('clientDisconnected', ({ client: { id }, clean }) => {
    logger.debug(`${id} ${clean ? 'disconnected' : 'was lost'}`)
  })
  broker.on('subscribed', ({ client: { id }, topic, qos }) =>
    logger.debug(`${id} subscribed to ${topic} at QoS ${qos}`),
  )
  broker.on('published', ({ client, packet: { topic, qos, payloadLength }, relayed }) => {
    logger.debug(
      `${client?.id} published ${payloadLength} bytes to ${topic} at QoS ${qos} for ${relayed.matched}`,
    )
  })
}

/** Beyond this machine, anonymous clients are either all let in or all refused: both want to be known. */
function warnOfStrangers({ addresses }: Broker, logger: Logger, config: CliConfig): void {
  const reached = config.ca === '' ? 'whoever reaches it' : 'whoever has a certificate'
  for (const { url } of addresses.filter(({ local }) => !local)) {
    if (config['allow-anonymous'])
      logger.warn(`${url}: ${reached} may read and write everything (--allow-anonymous)`)
    else logger.warn(`${url}: nobody is let in from there: anonymous clients need --allow-anonymous`)
  }
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
