/** Everything that can be said of a configuration without starting it. */
import type { Logger, StackError } from '@mqtt-stack/core'
import { isStackError } from '@mqtt-stack/core'
import { brokerOptionsOf, tryAt } from '../config/broker-options-of.ts'
import type { ListenerValue } from '../config/config-value.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import { configSchema, loadConfig } from '../config/load-config.ts'
import { ConfigError } from '../config/problem.ts'
import { ACL } from '../config/sections.ts'
import { createBroker } from '../create-broker.ts'
import { makeListener } from '../listeners/make-listener.ts'
import { resolveListener } from '../listeners/options.ts'
import type { Exposure } from './exposure.ts'
import { exposuresOf, whatTheyMay, whoConnects } from './exposure.ts'
import type { Finding } from './finding.ts'
import { findingsOf } from './findings.ts'
import { limitsInForce } from './limits-in-force.ts'
import type { ReadRule } from './read-rule.ts'
import { weaknessesOf } from './weaknesses.ts'

export interface Report {
  /** What each listener lets whom do; empty where the configuration cannot be started. */
  readonly exposures: readonly (Exposure & {
    readonly who: readonly string[]
    readonly may: readonly string[]
    readonly limits: readonly string[]
  })[]
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
    return { exposures: [], findings: errorsOf(file, error) }
  }
}

function reportOf(config: LoadedConfig, { rules, weak }: TriedOut): Report {
  const { value } = config
  const exposures = exposuresOf(value)
  return {
    exposures: exposures.map((exposure, i) => {
      const listener: Partial<ListenerValue> = value.listeners?.[i] ?? {}
      const { name } = listener
      return {
        ...exposure,
        who: whoConnects(exposure, value.auth),
        may: whatTheyMay(value, rules, name),
        limits: limitsInForce(listener, value, configSchema()),
      }
    }),
    findings: [...findingsOf(config, exposures, rules), ...weak],
  }
}

/** What was read on the way. */
interface TriedOut {
  readonly rules: readonly ReadRule[]
  /** What middlewares say of what they would use. */
  readonly weak: readonly Finding[]
}

/** Makes everything as a start would; what cannot be made says why. */
async function tryOut(config: LoadedConfig): Promise<TriedOut> {
  const options = await brokerOptionsOf(config)
  const { stack } = createBroker({ ...options, stack: { ...options.stack, logger: QUIET } })
  for (const [i, one] of (options.listeners ?? []).entries())
    await tryAt(config, ['listeners', i], () => makeListener(resolveListener(one), stack)).close()
  const acl = stack.middlewares.find(({ name }) => name === ACL.class) as
    | { rules?: readonly ReadRule[] }
    | undefined
  return { rules: acl?.rules ?? [], weak: await weaknessesOf(config, stack.middlewares) }
}

function errorsOf(file: string, error: StackError): Finding[] {
  if (!(error instanceof ConfigError)) return [{ level: 'error', where: file, message: error.message }]
  return error.problems.map(({ where, message }) => ({ level: 'error', where, message }))
}
