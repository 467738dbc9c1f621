/**
 * `@mqtt-stack/broker`: the built-in middlewares as a broker that listens, and all of them in one import.
 * @packageDocumentation
 */
export * from '@mqtt-stack/authentication'
export * from '@mqtt-stack/authorize'
export * from '@mqtt-stack/connection'
export * from '@mqtt-stack/core'
export * from '@mqtt-stack/inbound-manager'
export * from '@mqtt-stack/keepalive'
export * from '@mqtt-stack/lastwill'
export * from '@mqtt-stack/memory-backend'
export * from '@mqtt-stack/outbound-manager'
export * from '@mqtt-stack/packet-emitter'
export * from '@mqtt-stack/retain-manager'
export * from '@mqtt-stack/session-manager'
export * from '@mqtt-stack/subscription-manager'
export type { AllowAnonymous } from './anonymous.ts'
export { Broker, type Reloaded } from './broker.ts'
export type { BrokerClients, KickOptions, PublishOptions } from './broker-clients.ts'
export { BROKER_OPTIONS, type BrokerOptions } from './broker-options.ts'
export type { Choice, NoOptions, PlaceOptions } from './built-ins.ts'
export { createBroker } from './create-broker.ts'
export { createBrokerFrom } from './create-broker-from.ts'
export { EventLog } from './event-log.ts'
export type { BrokerEvents } from './events.ts'
export type { ExplainedAnswer, ExplainedStep, Explanation } from './explain/explanation.ts'
export type { Question } from './explain/question.ts'
export type { Address } from './listeners/address.ts'
export { ATTACH_OPTIONS, type AttachOptions, type WebServer } from './listeners/attachment.ts'
export type { NamedCertificate, TlsVersion } from './listeners/option-rows.ts'
export {
  LISTENER_OPTIONS,
  type ListenerOptions,
  type TcpListenerOptions,
  type TlsListenerOptions,
  type UnixListenerOptions,
  type WsListenerOptions,
  type WssListenerOptions,
} from './listeners/options.ts'
export type { PemFile, PemSource } from './listeners/pem.ts'
export { fromPino, type PinoLike } from './logger.ts'
export type { BrokerOperator, OpenListener } from './operator.ts'
export { ORDER, type Place, type Placed, type Use } from './order.ts'
