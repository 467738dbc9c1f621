/** How far a client is with saying who it is. */
import type { ConnectPacket, Timer } from '@mqtt-stack/core'
import { Slot } from '@mqtt-stack/core'

/** An enhanced authentication (5.0). */
export class Exchange {
  /** The method of the CONNECT, which is the connection's for good [MQTT-4.12.1-1]. */
  method: string | undefined
  /** The CONNECT that waits for its outcome. */
  connect: ConnectPacket | undefined
  /** What the last step said to a client that is accepted. */
  data: Buffer | undefined
  /** An exchange is under way. */
  open = false
  /** How long the client may take to be accepted. */
  timer: Timer | undefined
}

/** As which user a provider is about to prove a client. */
export class Claimed {
  username: string | undefined
  /** It was closed before it could be tried, so that nothing has failed. */
  over = false
}

export const exchange: Slot<Exchange> = new Slot(() => new Exchange())
export const claimed: Slot<Claimed> = new Slot(() => new Claimed())
