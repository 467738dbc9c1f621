export {
  CALLBACKS,
  type CallbackName,
  type CallbackRule,
  type Callbacks,
  type Context,
  type DropReason,
  type DueRetained,
  type DueWill,
  type Health,
  type NodeSummary,
  type RetainedMessage,
  type RuleChange,
  type RuleList,
  type RuleOf,
  type RuleSummary,
  type SessionContext,
  type SessionSummary,
  type Store,
  type StoredMessage,
  type SubscriptionRecord,
  stopsOf,
} from './callbacks/index.ts'
export type { Chain } from './chain.ts'
export type { Client, Goodbye, SentPacket } from './client.ts'
export { checkControlTopics, isControlTopic } from './control-topics.ts'
export { DONE, type Done } from './done.ts'
export { type ClientQueue, ForwardContext, ForwardStore } from './forward.ts'
export { grantedQoS, settleWith } from './grant.ts'
export { AMOUNTS, Histogram, SECONDS } from './histogram.ts'
export { type Instead, isInstead, type Replaceable, standsFor } from './instead.ts'
export { type Listener, type ListenerLimits, PROCESS } from './listener.ts'
export { createLog, type Log, type Logger } from './log/index.ts'
export { nextMessageId, passMessageId } from './message-id.ts'
export { type MessageSampler, MessageSamples } from './message-samples.ts'
export type { MessageWaits } from './message-waits.ts'
export type { MetricFamily, MetricSample, MetricType } from './metric.ts'
export { MEMBERS, Middleware, type MiddlewareLike } from './middleware.ts'
export { nameHint, nearestName, slipsBetween } from './nearest.ts'
export type {
  EndedRun,
  EndWatcher,
  FollowedRun,
  Follower,
  HandlerActivity,
  Observation,
} from './observation.ts'
export { type OptionsSpec, type Resolved, resolveOptions } from './options.ts'
export { BROKER, ownMessage } from './own-message.ts'
export { authorTest, purgeTest, type WaitingMessage } from './purge.ts'
export { RelayContext, RelayStore } from './relay.ts'
export { type Author, authorOf, type Publisher, Session, type Will } from './session.ts'
export { type Share, shareOf } from './share.ts'
export { Slot } from './slot.ts'
export type { ExecuteCallback, Stack } from './stack.ts'
export { STACK_OPTIONS, type StackOptions } from './stack-options.ts'
export { Traffic } from './traffic.ts'
