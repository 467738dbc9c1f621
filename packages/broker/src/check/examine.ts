/** Everything that can be said of a configuration without starting it. */
import type { Logger, MiddlewareLike, StackError } from '@mqtt-stack/core'
import { isStackError } from '@mqtt-stack/core'
import { makeAll } from '../config/broker-options-of.ts'
import { checkTogether, tryListeners } from '../config/check-together.ts'
import type { ListenerValue } from '../config/config-value.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { configSchema, loadConfig } from '../config/load-config.ts'
import { ConfigError } from '../config/problem.ts'
import { ACL } from '../config/sections.ts'
import { createBroker } from '../create-broker.ts'
import type { Exposure } from './exposure.ts'
import { exposuresOf, whoConnects } from './exposure.ts'
import type { Finding } from './finding.ts'
import { findingsOf } from './findings.ts'
import { limitsInForce } from './limits-in-force.ts'
import { openingsOf } from './openings.ts'
import { whatTheyMay } from './permissions.ts'
import type { ReadRule } from './read-rule.ts'
import type { Service } from './services.ts'
import { servicesOf } from './services.ts'
import { weaknessesOf } from './weaknesses.ts'

export interface Report {
  /** What each listener lets whom do; empty where the configuration cannot be started. */
  readonly exposures: readonly (Exposure & {
    readonly who: readonly string[]
    readonly may: readonly string[]
    readonly limits: readonly string[]
  })[]
  /** What answers over HTTP. */
  readonly services: readonly Service[]
  readonly findings: readonly Finding[]
}

/** What it would log is among the findings. */
const QUIET: Logger = { error() {}, warn() {}, info() {}, debug() {} }

/** Nothing is opened, and nothing listens. */
export async function examine(file: string, env: Readonly<NodeJS.ProcessEnv> = process.env): Promise<Report> {
  try {
    const config = await loadConfig(file, env)
    return reportOf(config, await tryOut(config))
  } catch (error) {
    if (!isStackError(error)) throw error
    return { exposures: [], services: [], findings: errorsOf(file, error) }
  }
}

function reportOf(config: LoadedConfig, { rules, weak, own }: TriedOut): Report {
  const { value } = config
  const exposures = exposuresOf(value, own)
  const services = servicesOf(value, configSchema())
  return {
    exposures: exposures.map((exposure, i) => {
      const listener: Partial<ListenerValue> = value.listeners?.[i] ?? {}
      return {
        ...exposure,
        who: whoConnects(exposure, value.auth),
        may: whatTheyMay(value, rules, exposure, own),
        limits: limitsInForce(listener, value, configSchema()),
      }
    }),
    services,
    findings: [...openingsOf(config, services), ...findingsOf(config, exposures, rules, own), ...weak],
  }
}

/** What was read on the way. */
interface TriedOut {
  /** The middlewares of `use`. */
  readonly own: readonly MiddlewareLike[]
  readonly rules: readonly ReadRule[]
  /** What middlewares say of what they would use. */
  readonly weak: readonly Finding[]
}

/** Makes everything as a start would; what cannot be made says why. */
async function tryOut(config: LoadedConfig): Promise<TriedOut> {
  const { options, own } = await makeAll(config)
  const { stack } = createBroker({ ...options, log: {}, stack: { ...options.stack, logger: QUIET } })
  checkTogether(config, stack, own)
  await tryListeners(config, options.listeners, stack)
  const acl = stack.middlewares.find(({ name }) => name === ACL.class) as
    | { rules?: readonly ReadRule[] }
    | undefined
  return { own, rules: acl?.rules ?? [], weak: await weaknessesOf(config, stack.middlewares) }
}

function errorsOf(file: string, error: StackError): Finding[] {
  if (!(error instanceof ConfigError)) return [{ level: 'error', where: file, message: error.message }]
  return error.problems.map(({ where, message }) => ({ level: 'error', where, message }))
}
