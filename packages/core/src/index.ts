/**
 * `@mqtt-stack/core`: the Stack, the Middleware contract, and what every middleware and backend builds on.
 * @packageDocumentation
 */
/// <reference types="node" preserve="true" />

export * from './backend/deliver.ts'
export * from './backend/send-to.ts'
export { isLoopback } from './connection/listener-of.ts'
export { isLost } from './connection/refused.ts'
export type { Carried } from './connection/untaken.ts'
export * from './contract/callbacks/index.ts'
export type { Chain } from './contract/chain.ts'
export type { Client, Goodbye, SentPacket, SentPublish } from './contract/client.ts'
export * from './contract/client-id.ts'
export * from './contract/client-list.ts'
export * from './contract/connack-properties.ts'
export type { DeliveryQuestion } from './contract/delivery-question.ts'
export * from './contract/done.ts'
export * from './contract/forward.ts'
export * from './contract/grant.ts'
export * from './contract/histogram.ts'
export { asReceived, type Instead, instead, type Replaceable } from './contract/instead.ts'
export {
  type Listener,
  type ListenerLimits,
  PROCESS,
  type TlsFacts,
  type UpgradeRequest,
} from './contract/listener.ts'
export * from './contract/log/index.ts'
export * from './contract/message-id.ts'
export type { MessageSampler } from './contract/message-samples.ts'
export type { MessageWaits } from './contract/message-waits.ts'
export * from './contract/metric.ts'
export * from './contract/metric-owners.ts'
export { type Handlers, Middleware, type MiddlewareLike, type Next } from './contract/middleware.ts'
export { nameHint, nearestName } from './contract/nearest.ts'
export type {
  EndedRun,
  EndWatcher,
  FollowedRun,
  Follower,
  HandlerActivity,
  Observation,
} from './contract/observation.ts'
export * from './contract/options.ts'
export * from './contract/own-message.ts'
export * from './contract/purge.ts'
export * from './contract/relay.ts'
export * from './contract/relayer.ts'
export * from './contract/retained-messages.ts'
export * from './contract/send.ts'
export * from './contract/session.ts'
export * from './contract/share.ts'
export * from './contract/slot.ts'
export type { ExecuteCallback } from './contract/stack.ts'
export * from './contract/stack-options.ts'
export type { Trace, TraceStep } from './contract/trace.ts'
export type { Traffic } from './contract/traffic.ts'
export { withoutSecrets } from './contract/without-secrets.ts'
export * from './errors/blame.ts'
export * from './errors/errors.ts'
export * from './errors/file-problem.ts'
export * from './errors/not-started.ts'
export { Account, type OwnerBounds } from './memory/account.ts'
export { Ledger, type LedgerLimits } from './memory/ledger.ts'
export { addressOf, ownerOf } from './memory/owner.ts'
export { type Members, Roster, Seat } from './memory/roster.ts'
export * from './packets/ack.ts'
export type { ClientSettings } from './packets/client-settings.ts'
export type { Extras } from './packets/codec/extras.ts'
export * from './packets/packet-ids.ts'
export * from './packets/packets.ts'
export * from './packets/protocol-error.ts'
export { Publish } from './packets/publish.ts'
export type { PublishInit } from './packets/publish-init.ts'
export * from './packets/reason-codes.ts'
export * from './packets/sequences.ts'
export * from './packets/user-properties.ts'
export {
  type OwnListener,
  type OwnSubscription,
  subscribeProcess,
} from './stack/own-subscription.ts'
export type { OwnSubscriptionOptions } from './stack/own-subscription-options.ts'
export { type ProbeInit, probeOf } from './stack/probe.ts'
export { Stack } from './stack/stack.ts'
export { bounded } from './time/bounded.ts'
export * from './time/clock.ts'
export * from './time/judge.ts'
export { Pace } from './time/pace.ts'
export { readRegular, readRegularSync } from './time/read-regular.ts'
export * from './time/steps.ts'
export type { EndOfTurn } from './time/turn.ts'
export { type FileWatch, watchFile } from './time/watch-file.ts'
export * from './topics/churn-map.ts'
export * from './topics/retained-tree.ts'
export * from './topics/topic-tree.ts'
export * from './topics/topics.ts'
