export type { Holdings, SessionSummary } from './administration.ts'
export type { AuthenticateContext, Claim } from './authentication.ts'
export type { AskedSubscribe, AuthorizeContext, AuthorizeStore, Standing } from './authorization.ts'
export {
  CALLBACKS,
  type CallbackName,
  type Callbacks,
  type Context,
  type Handler,
  type Store,
} from './callbacks.ts'
export type { StoredMessage } from './message-log.ts'
export type { DropReason } from './messages.ts'
export type { TopEntry, TopList } from './metrics.ts'
export type { Health, NodeSummary, RuleChange, RuleList, RuleSummary, UserSummary } from './operation.ts'
export type { DueRetained, RetainedMessage } from './retained.ts'
export { type CallbackRule, type MergeRule, type RuleOf, stopsOf } from './rule.ts'
export type { DueWill, SessionContext } from './sessions.ts'
export type { SubscribeContext, SubscribeStore, SubscriptionRecord } from './subscriptions.ts'
export type { Finding, FollowTerms, TrafficEvent, TrafficStep } from './tracing.ts'
