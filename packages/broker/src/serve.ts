/** Runs a broker of flags and configuration until a signal ends it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@mqtt-stack/core'
import type { Broker } from './broker.ts'
import type { BrokerOptions } from './broker-options.ts'
import { openCertificateAuth } from './certificate-auth.ts'
import { listenersOfFlags, namesListeners, withFlag } from './cli-listeners.ts'
import type { CliConfig, Flags } from './cli-options.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { createBroker } from './create-broker.ts'
import { openData } from './data.ts'
import { logTraffic } from './log-traffic.ts'
import type { LogLevel } from './logger.ts'
import { createLogger } from './logger.ts'
import { ServiceManager } from './service-manager.ts'

/** Milliseconds in which the broker must have stopped. */
const STOP_TIMEOUT = 4_000

/** Of a terminal that closes, and of tools that rotate logs or look for a debugger: by default they end a process. */
const HARMLESS = ['SIGHUP', 'SIGUSR2'] as const

/** @param signal Comes when it is to stop. */
export async function serve(flags: Flags, signal: Promise<string>): Promise<void> {
  const { config } = flags
  const file = config.config === '' ? undefined : await loadFile(config.config)
  const level = levelOf(flags, file)
  const logger = await createLogger(level, isForPeople(file))
  const broker = createBroker(withLogger(await optionsOf(flags, file), logger))
  if (level === 'debug') logTraffic(broker, logger)
  for (const name of HARMLESS) process.on(name, () => logger.info(`${name}: it changes nothing`))
  const moves = file === undefined || namesListeners(flags.given) ? undefined : `${config.config} names it`
  await broker.listen().catch((error: Error) => {
    throw withFlag(error, config, moves)
  })
  for (const { url } of broker.addresses) logger.info(`listening on ${url}`)
  if (file?.value.auth === undefined) warnOfStrangers(broker, logger, config)
  const manager = new ServiceManager(logger)
  await manager.ready(`listening on ${broker.addresses.map(({ url }) => url).join(', ')}`)
  logger.info(`${await signal}: stopping`)
  void manager.stopping()
  await Promise.race([broker.close(), delay(STOP_TIMEOUT)])
  logger.info('stopped')
}

/** A configuration and the library that reads it are loaded by who has one. */
async function loadFile(path: string): Promise<LoadedConfig> {
  const { loadConfig } = await import('./config/load-config.ts')
  return loadConfig(path)
}

/** What the broker is told: flags win over the file. */
async function optionsOf({ config, given }: Flags, file: LoadedConfig | undefined): Promise<BrokerOptions> {
  const backend = config.data === '' ? undefined : await openData(config)
  const allowAnonymous = config['allow-anonymous'] ? true : undefined
  if (file === undefined) {
    const listeners = listenersOfFlags(config)
    const flags = { listeners, allowAnonymous: allowAnonymous ?? 'local', backend } as const
    // Whoever has a certificate may do everything, as everybody else whom flags let in.
    return config.ca === '' ? flags : { ...flags, use: [await openCertificateAuth()], authorize: false }
  }
  const { brokerOptionsOf } = await import('./config/broker-options-of.ts')
  const { value } = file
  const kept = backend === undefined ? file : { ...file, value: { ...value, store: undefined } }
  return {
    ...(await brokerOptionsOf(kept)),
    ...(namesListeners(given) && { listeners: listenersOfFlags(config) }),
    ...(allowAnonymous && { allowAnonymous }),
    ...(backend !== undefined && { backend }),
  }
}

function withLogger(options: BrokerOptions, logger: Logger): BrokerOptions {
  return { ...options, stack: { ...options.stack, logger } }
}

function levelOf({ config, given }: Flags, file: LoadedConfig | undefined): LogLevel {
  if (config.verbose) return 'debug'
  if (given.has('log-level')) return config['log-level']
  return file?.value.log?.level ?? config['log-level']
}

function isForPeople(file: LoadedConfig | undefined): boolean {
  const format = file?.value.log?.format ?? 'auto'
  return format === 'auto' ? process.stdout.isTTY === true : format === 'lines'
}

/** Where others than this machine reach a listener, those who are let in may do everything: that wants to be known. */
function warnOfStrangers({ addresses }: Broker, logger: Logger, config: CliConfig): void {
  for (const { url, transport } of addresses.filter(({ local }) => !local)) {
    const certificates = config.ca !== '' && (transport === 'tls' || transport === 'wss')
    const [reached, flag] = certificates
      ? ['whoever has a certificate', '--ca']
      : ['whoever reaches it', '--allow-anonymous']
    if (certificates || config['allow-anonymous'])
      logger.warn(`${url}: ${reached} may read and write everything (${flag})`)
    else logger.warn(`${url}: this machine alone is let in there: others need --allow-anonymous`)
  }
}
