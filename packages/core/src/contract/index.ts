export type {
  CallbackName,
  Context,
  DropReason,
  DueRetained,
  RetainedMessage,
  SessionContext,
  Store,
  StoredMessage,
  SubscriptionRecord,
} from './callbacks/index.ts'
export { CALLBACKS, type CallbackRule, stopsOf } from './callbacks/index.ts'
export { type Clock, fromWall, systemClock, type Timer, toWall } from './clock.ts'
export { ForwardContext, ForwardStore, RelayContext, RelayStore, type Share, shareOf } from './contexts.ts'
export { blame, blameOf, ProtocolError, StackError } from './errors.ts'
export { grantedQoS } from './grant.ts'
export { judgeEvery } from './judge.ts'
export { type Logger, printableLogger } from './logger.ts'
export { nextMessageId, passMessageId } from './message-id.ts'
export { MEMBERS, Middleware, type MiddlewareLike } from './middleware.ts'
export { type OptionsSpec, type Resolved, resolveOptions } from './options.ts'
export { Session } from './session.ts'
export { Slot, type SlotHost } from './slot.ts'
export { STACK_OPTIONS, type StackOptions } from './stack-options.ts'
export { proceed, type Steps, whereabouts } from './steps.ts'
