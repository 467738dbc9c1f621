/** The middleware of each place, made from its options. */
import type { AuthenticationOptions } from '@mqtt-stack/authentication'
import { Authentication } from '@mqtt-stack/authentication'
import { Authorize } from '@mqtt-stack/authorize'
import type { ConnectionOptions } from '@mqtt-stack/connection'
import { Connection } from '@mqtt-stack/connection'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { InboundManagerOptions } from '@mqtt-stack/inbound-manager'
import { InboundManager } from '@mqtt-stack/inbound-manager'
import type { KeepAliveOptions } from '@mqtt-stack/keepalive'
import { KeepAlive } from '@mqtt-stack/keepalive'
import type { LastWillOptions } from '@mqtt-stack/lastwill'
import { LastWill } from '@mqtt-stack/lastwill'
import type { MemoryBackendOptions } from '@mqtt-stack/memory-backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import type { OutboundManagerOptions } from '@mqtt-stack/outbound-manager'
import { OutboundManager } from '@mqtt-stack/outbound-manager'
import { PacketEmitter } from '@mqtt-stack/packet-emitter'
import type { RetainManagerOptions } from '@mqtt-stack/retain-manager'
import { RetainManager } from '@mqtt-stack/retain-manager'
import type { SessionManagerOptions } from '@mqtt-stack/session-manager'
import { SessionManager } from '@mqtt-stack/session-manager'
import type { SubscriptionManagerOptions } from '@mqtt-stack/subscription-manager'
import { SubscriptionManager } from '@mqtt-stack/subscription-manager'
import type { Place } from './order.ts'
import { ORDER } from './order.ts'

/** Options of a middleware that has none. */
export type NoOptions = Readonly<Record<string, never>>

/** What stands at a place: the built-in with these options, a middleware instead of it, or (`false`) nobody. */
export type Choice<Options> = Options | MiddlewareLike | false

/** What stands at each place. */
export interface PlaceOptions {
  packetEmitter?: Choice<NoOptions>
  connection?: Choice<ConnectionOptions>
  keepalive?: Choice<KeepAliveOptions>
  authentication?: Choice<AuthenticationOptions>
  authorize?: Choice<NoOptions>
  lastwill?: Choice<LastWillOptions>
  outboundManager?: Choice<OutboundManagerOptions>
  sessionManager?: Choice<SessionManagerOptions>
  subscriptionManager?: Choice<SubscriptionManagerOptions>
  inboundManager?: Choice<InboundManagerOptions>
  retainManager?: Choice<RetainManagerOptions>
  /** `memory-backend` with these options, or another backend. */
  backend?: Choice<MemoryBackendOptions>
}

// biome-ignore lint/suspicious/noExplicitAny: the options of any of them; each checks its own
const CLASSES: Readonly<Record<Place, new (options?: any) => MiddlewareLike>> = {
  packetEmitter: PacketEmitter,
  connection: Connection,
  keepalive: KeepAlive,
  authentication: Authentication,
  authorize: Authorize,
  lastwill: LastWill,
  outboundManager: OutboundManager,
  sessionManager: SessionManager,
  subscriptionManager: SubscriptionManager,
  inboundManager: InboundManager,
  retainManager: RetainManager,
  backend: MemoryBackend,
}

/** The name of the middleware that is built in there. */
export function builtInName(place: Place): string {
  return CLASSES[place].name
}

/**
 * Makes the middlewares that `options` asks for.
 * @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`, naming middleware and option.
 */
export function makeBuiltIns(options: PlaceOptions): Partial<Record<Place, MiddlewareLike>> {
  const built: Partial<Record<Place, MiddlewareLike>> = {}
  for (const place of ORDER) {
    const choice = options[place] ?? {}
    if (choice === false) continue
    if (typeof choice !== 'object') {
      const wanted = 'options, a middleware or false'
      throw new StackError(
        'OPTION_INVALID',
        `createBroker: option "${place}" must be ${wanted}, not ${String(choice)}`,
      )
    }
    built[place] = isMiddleware(choice) ? choice : new CLASSES[place](choice)
  }
  return built
}

/** A middleware has a name; options never do. */
function isMiddleware(choice: object): choice is MiddlewareLike {
  return 'name' in choice && typeof choice.name === 'string'
}
