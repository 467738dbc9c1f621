/** The default stack, wired. */
import type { CallbackName, MiddlewareLike } from '@mqtt-stack/core'
import { Stack, StackError } from '@mqtt-stack/core'
import type { AllowAnonymous, AnonymousOptions } from './anonymous.ts'
import { Anonymous } from './anonymous.ts'
import type { Source } from './broker.ts'
import { Broker } from './broker.ts'
import type { BrokerOptions } from './broker-options.ts'
import { resolveBroker } from './broker-options.ts'
import { makeBuiltIns } from './built-ins.ts'
import { extrasOf } from './extras.ts'
import { keepLimits, ownLimitsOf } from './listeners/own-limits.ts'
import { withLog } from './log-options.ts'
import { handOver } from './operator.ts'
import { arrange } from './order.ts'

/**
 * Makes a broker of the built-in middlewares and yours. Nothing is opened before `listen()`.
 *
 *     const broker = createBroker({ keepalive: { grace: 2 }, use: [mine] })
 *     await broker.listen()
 *
 * @throws StackError `OPTION_UNKNOWN`, `OPTION_MISSING` or `OPTION_INVALID`, naming the option;
 * `CALLBACK_UNANSWERED` when clients are authenticated and no access rules say what they may do.
 */
export function createBroker(options: BrokerOptions = {}): Broker {
  return makeBroker(options)
}

/** As {@link createBroker}. @param source Is asked for what is new, at `reload()`. */
export function makeBroker(options: BrokerOptions, source?: Source): Broker {
  const config = resolveBroker(options)
  const extras = extrasOf(config)
  const middlewares = arrange(makeBuiltIns(config), [...extras.first, ...config.use, ...extras.last])
  const anonymous = anonymousFor(middlewares, config.allowAnonymous)
  if (!isRuled(middlewares)) checkRules(middlewares, anonymous.users)
  const limits = config.listeners.map((one) => ownLimitsOf(one)).filter((one) => one !== undefined)
  keepLimits({ middlewares }, limits)
  // A broker of a configuration may have to let them in later.
  if (anonymous.where !== false || source !== undefined) middlewares.push(new Anonymous(anonymous))
  const stack = new Stack(withLog(config.stack, config.log)).use(...middlewares)
  const broker = new Broker(stack, config.listeners, source)
  handOver(broker)
  return broker
}

/**
 * What the anonymous provider has to know of the others.
 * @param allowed As a person said; by default from this machine alone, and nowhere where others know users.
 */
export function anonymousFor(
  middlewares: readonly MiddlewareLike[],
  allowed: AllowAnonymous | undefined,
): AnonymousOptions {
  const others = middlewares.filter((one) => !(one instanceof Anonymous))
  const users = others.some(
    (one) => answers(one, 'authenticateConnection') || answers(one, 'authenticateExchange'),
  )
  const where = allowed ?? (users ? false : 'local')
  const isAsked = others.some((one) => executes(one, 'authorizePacket'))
  return { where, users, rules: where !== false && isAsked && !isRuled(others) }
}

function isRuled(middlewares: readonly MiddlewareLike[]): boolean {
  return middlewares.some((one) => answers(one, 'authorizePacket'))
}

/** The anonymous provider says yes to those alone whom it let in: all others would be refused whatever they do. */
function checkRules(middlewares: readonly MiddlewareLike[], authenticated: boolean): void {
  if (!middlewares.some((one) => executes(one, 'authorizePacket'))) return
  const asked = middlewares.some((one) => executes(one, 'authenticateConnection'))
  if (asked && !authenticated) return
  const who = asked ? 'clients are authenticated' : 'clients are not asked who they are'
  const fix = 'add a middleware that answers authorizePacket, or allow everything with "authorize: false"'
  throw new StackError(
    'CALLBACK_UNANSWERED',
    `createBroker: ${who}, and no access rules say what they may do: ${fix}`,
  )
}

function answers(middleware: MiddlewareLike, callback: CallbackName): boolean {
  return typeof middleware[callback] === 'function'
}

function executes({ requires = [], uses = [] }: MiddlewareLike, callback: CallbackName): boolean {
  return requires.includes(callback) || uses.includes(callback)
}
