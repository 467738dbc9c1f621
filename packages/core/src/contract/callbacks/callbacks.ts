/**
 * All callbacks: what middlewares ask and tell each other. Each is in the file of its subject, with its documentation,
 * context, store and rule. `docs/callbacks.md` is printed from these files.
 */

import type { Done } from '../done.ts'
import type { MiddlewareLike, Next } from '../middleware.ts'
import type { AdministrationCallbacks } from './administration.ts'
import { ADMINISTRATION } from './administration.ts'
import type { AuthenticationCallbacks } from './authentication.ts'
import { AUTHENTICATION } from './authentication.ts'
import type { AuthorizationCallbacks } from './authorization.ts'
import { AUTHORIZATION } from './authorization.ts'
import type { ConnectionCallbacks } from './connections.ts'
import { CONNECTIONS } from './connections.ts'
import type { HandlerCallbacks } from './handlers.ts'
import { HANDLERS } from './handlers.ts'
import type { InboundCallbacks } from './inbound.ts'
import { INBOUND } from './inbound.ts'
import type { MessageLogCallbacks } from './message-log.ts'
import { MESSAGE_LOG } from './message-log.ts'
import type { MessageCallbacks } from './messages.ts'
import { MESSAGES } from './messages.ts'
import type { MetricCallbacks } from './metrics.ts'
import { METRICS } from './metrics.ts'
import type { OperationCallbacks } from './operation.ts'
import { OPERATION } from './operation.ts'
import type { RetainedCallbacks } from './retained.ts'
import { RETAINED } from './retained.ts'
import type { CallbackRule } from './rule.ts'
import type { SessionCallbacks } from './sessions.ts'
import { SESSIONS } from './sessions.ts'
import type { SubscriptionCallbacks } from './subscriptions.ts'
import { SUBSCRIPTIONS } from './subscriptions.ts'
import type { TracingCallbacks } from './tracing.ts'
import { TRACING } from './tracing.ts'

/**
 * Context and store of each callback. Third parties merge theirs into it
 * (`declare module '@mqtt-stack/core' { interface Callbacks { ... } }`) and give the rule in `defines` or to
 * `stack.define()`.
 */
export interface Callbacks
  extends AuthenticationCallbacks,
    AuthorizationCallbacks,
    ConnectionCallbacks,
    SessionCallbacks,
    SubscriptionCallbacks,
    MessageCallbacks,
    MessageLogCallbacks,
    InboundCallbacks,
    RetainedCallbacks,
    AdministrationCallbacks,
    MetricCallbacks,
    OperationCallbacks,
    TracingCallbacks,
    HandlerCallbacks {}

/** The rule of every callback that core knows. */
export const CALLBACKS: Readonly<Record<string, CallbackRule>> = {
  ...CONNECTIONS,
  ...AUTHENTICATION,
  ...AUTHORIZATION,
  ...SESSIONS,
  ...SUBSCRIPTIONS,
  ...MESSAGES,
  ...MESSAGE_LOG,
  ...INBOUND,
  ...RETAINED,
  ...ADMINISTRATION,
  ...METRICS,
  ...OPERATION,
  ...TRACING,
  ...HANDLERS,
}

/** The name of a callback. */
export type CallbackName = keyof Callbacks
/** The context that a callback is executed with. */
export type Context<Name extends CallbackName> = Callbacks[Name]['ctx']
/** What a callback's handlers fill in. */
export type Store<Name extends CallbackName> = Callbacks[Name]['store']
/** What a handler answers by return: no promise where the callback is synchronous. */
export type Answer<Name extends CallbackName> = Callbacks[Name] extends { readonly synchronous: true }
  ? void | Done
  : void | Done | Promise<void | Done>
/** A handler of a callback, in either of its two forms. */
export type Handler<Name extends CallbackName> = (
  this: MiddlewareLike | void,
  ctx: Context<Name>,
  store: Store<Name>,
  next: Next,
  done: Next,
) => Answer<Name>
