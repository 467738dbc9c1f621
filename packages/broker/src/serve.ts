/** Runs a broker of flags and configuration until a signal ends it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '@mqtt-stack/core'
import type { Broker } from './broker.ts'
import type { BrokerOptions } from './broker-options.ts'
import { listenersOfFlags, namesListeners, withFlag } from './cli-listeners.ts'
import type { CliConfig, Flags } from './cli-options.ts'
import type { LoadedConfig } from './config/load-config.ts'
import { createBroker } from './create-broker.ts'
import { openData } from './data.ts'
import { logTraffic } from './log-traffic.ts'
import type { LogLevel } from './logger.ts'
import { createLogger } from './logger.ts'

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
  logger.info(`${await signal}: stopping`)
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
  if (file === undefined)
    return { listeners: listenersOfFlags(config), allowAnonymous: allowAnonymous ?? 'local', backend }
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

/** Where others than this machine reach a listener, either all are let in or none: both want to be known. */
function warnOfStrangers({ addresses }: Broker, logger: Logger, config: CliConfig): void {
  const reached = config.ca === '' ? 'whoever reaches it' : 'whoever has a certificate'
  for (const { url } of addresses.filter(({ local }) => !local)) {
    if (config['allow-anonymous'])
      logger.warn(`${url}: ${reached} may read and write everything (--allow-anonymous)`)
    else logger.warn(`${url}: this machine alone is let in there: others need --allow-anonymous`)
  }
}
