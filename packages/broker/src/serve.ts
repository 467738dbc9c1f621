/** Runs a broker of flags and configuration until a signal ends it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Log, Logger, MiddlewareLike } from '@mqtt-stack/core'
import { createLog, StackError, systemClock } from '@mqtt-stack/core'
import type { Broker } from './broker.ts'
import type { BrokerOptions } from './broker-options.ts'
import { openCertificateAuth } from './certificate-auth.ts'
import { listenersOfFlags, namesListeners, withFlag } from './cli-listeners.ts'
import type { CliConfig, Flags } from './cli-options.ts'
import type { ConfiguredOptions } from './config/configured.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { placeInFile } from './config/place-in-file.ts'
import { createBroker } from './create-broker.ts'
import { openData, openRedis } from './durable.ts'
import { makeExtra } from './extra.ts'
import { ADMIN_EXTRA, METRICS_EXTRA } from './extras.ts'
import { collectLeftovers, keepHeapRoom } from './heap-room.ts'
import type { HeldSignal } from './held-signal.ts'
import type { LogOptions } from './log-options.ts'
import { lineFormatOf } from './log-options.ts'
import { createLogger } from './logger.ts'
import { ServiceManager } from './service-manager.ts'
import { tellReady, Workers, workerIndex } from './workers.ts'

/** Milliseconds in which the broker must have stopped. */
const STOP_TIMEOUT = 4_000

/** Signals that end nothing, from the first moment on. */
export interface HeldSignals {
  /** SIGHUP: all is to be read again. */
  readonly again: HeldSignal
  /** SIGUSR2: nothing is to happen. */
  readonly other: HeldSignal
}

export interface Signals extends HeldSignals {
  /** Comes when it is to stop. */
  readonly end: Promise<string>
}

export async function serve(flags: Flags, signals: Signals): Promise<void> {
  const { config } = flags
  const file = config.config === '' ? undefined : await loadFile(config.config)
  const said = logOf(flags)
  const { level = 'info', format = 'auto' } = { ...file?.value.log, ...said }
  const logger = createLogger(level, lineFormatOf(format))
  if (config.workers > 1 && workerIndex === undefined) return supervise(flags, file, logger, signals)
  keepHeapRoom()
  const options = { ...withLogger(await optionsOf(flags), logger, file), log: said }
  const broker = file === undefined ? createBroker(options) : await configured(file, { options })
  if (file !== undefined) collectLeftovers()
  const { log } = broker
  signals.other.answer(() => log.event('process.signal', { signal: 'SIGUSR2' }))
  await broker.listen().catch((error: Error) => {
    const inFile = file !== undefined && !namesListeners(flags.given)
    throw withFlag(error, config, inFile ? `${placeInFile(file, error)} names it` : undefined)
  })
  const urls = broker.addresses.map(({ url }) => url)
  tellReady(urls)
  if (workerIndex === undefined) logListening(urls, log)
  if (file?.value.auth === undefined) warnOfStrangers(broker, config)
  // What has changed while it started is read now.
  signals.again.answer(() => void reload(broker))
  const manager = new ServiceManager(log)
  await manager.ready(`listening on ${urls.join(', ')}`)
  log.event('process.stopping', { signal: await signals.end })
  void manager.stopping()
  await Promise.race([broker.close(), delay(STOP_TIMEOUT)])
  log.event('process.stopped', {})
}

/** The process that starts the others: it listens nowhere itself. */
async function supervise(
  { config }: Flags,
  file: LoadedConfig | undefined,
  logger: Logger,
  signals: Signals,
): Promise<void> {
  if (config.redis === '' && file?.value.store?.redis === undefined)
    throw new StackError(
      'OPTION_MISSING',
      'mqtt-stack: --workers needs --redis, or store.redis: processes that share no store are brokers of their own',
    )
  const log = createLog(logger, systemClock)
  const workers = new Workers(config.workers, log)
  const urls = await workers.start()
  signals.again.answer(() => workers.signal('SIGHUP'))
  logListening(urls, log)
  log.event('process.workers', { count: config.workers, pids: workers.pids.join(', ') })
  const manager = new ServiceManager(log)
  await manager.ready(`listening on ${urls.join(', ')}`)
  log.event('process.stopping', { signal: await signals.end })
  void manager.stopping()
  await workers.stop()
  log.event('process.stopped', {})
}

function logListening(urls: readonly string[], log: Log): void {
  for (const url of urls) log.event('listener.opened', { url })
}

/** A configuration and the library that reads it are loaded by who has one. */
async function loadFile(path: string): Promise<LoadedConfig> {
  const { loadConfig } = await import('./config/load-config.ts')
  return loadConfig(path)
}

/** What flags say. With a configuration those alone that were given: they win over it. */
async function optionsOf({ config, given }: Flags): Promise<BrokerOptions> {
  const listeners = config.config === '' || namesListeners(given) ? listenersOfFlags(config) : undefined
  const usual = config.config === '' ? 'local' : undefined
  const allowAnonymous = config['allow-anonymous'] || usual
  const backend = await backendOf(config)
  const admin =
    config.admin === ''
      ? undefined
      : await makeExtra(ADMIN_EXTRA, { listen: config.admin }, 'mqtt-stack: --admin')
  const metrics =
    config.metrics === ''
      ? undefined
      : await makeExtra(METRICS_EXTRA, { listen: config.metrics }, 'mqtt-stack: --metrics')
  // Whoever has a certificate may do everything, as everybody else whom flags let in.
  const open = config.config === '' && config.ca !== ''
  const certified = open ? { use: [await openCertificateAuth()], authorize: false as const } : {}
  return {
    ...(listeners !== undefined && { listeners }),
    ...(allowAnonymous !== undefined && { allowAnonymous }),
    ...(backend !== undefined && { backend }),
    ...(admin !== undefined && { admin }),
    ...(metrics !== undefined && { metrics }),
    ...certified,
  }
}

async function backendOf(config: CliConfig): Promise<MiddlewareLike | undefined> {
  if (config.data !== '') return openData(config)
  return config.redis === '' ? undefined : openRedis(config)
}

async function configured(file: LoadedConfig, more: ConfiguredOptions): Promise<Broker> {
  const { configuredBroker } = await import('./config/configured.ts')
  return configuredBroker(file, more)
}

/** SIGHUP: what can be applied without dropping a client is, and the rest is told. */
async function reload(broker: Broker): Promise<void> {
  const { log } = broker
  const signal = 'SIGHUP'
  const before = new Set(broker.addresses)
  try {
    const { applied, kept } = await broker.reload()
    log.event('config.reloaded', { signal, applied: applied.join(', ') || 'nothing has changed' })
    // What stays open has the address that it had.
    logListening(
      broker.addresses.filter((one) => !before.has(one)).map(({ url }) => url),
      log,
    )
    for (const cause of kept) log.event('config.kept', { cause })
  } catch (error) {
    log.event('config.failed', { signal, cause: (error as Error).message })
  }
}

function withLogger(options: BrokerOptions, logger: Logger, file: LoadedConfig | undefined): BrokerOptions {
  return { ...options, stack: { ...file?.value.stack, logger } }
}

/** What flags say of the log: it wins over the file. */
function logOf({ config, given }: Flags): LogOptions {
  return {
    ...(given.has('log-level') && { level: config['log-level'] }),
    ...(given.has('log-format') && { format: config['log-format'] }),
    ...(config.verbose && { level: 'debug' as const }),
  }
}

/** Where others than this machine reach a listener, those who are let in may do everything: that wants to be known. */
function warnOfStrangers({ addresses, log }: Broker, config: CliConfig): void {
  for (const { url, transport } of addresses.filter(({ local }) => !local)) {
    const certificates = config.ca !== '' && (transport === 'tls' || transport === 'wss')
    const [reached, flag] = certificates
      ? ['whoever has a certificate', '--ca']
      : ['whoever reaches it', '--allow-anonymous']
    if (certificates || config['allow-anonymous']) log.event('listener.open-to-all', { url, reached, flag })
    else log.event('listener.local-only', { url })
  }
}
