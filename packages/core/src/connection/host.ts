/** What a connection needs of its stack besides what every middleware sees of it. */
import type { Stack } from '../contract/index.ts'
import type { Decoder, Packet } from '../packets/index.ts'
import type { Turn } from '../time/index.ts'
import type { ClientConnection } from './client.ts'

export interface ConnectionHost extends Stack {
  /** Shared by all connections: it remembers topics. */
  readonly decoder: Decoder
  /** Also for the outboxes, which are emptied at its end. */
  readonly turn: Turn
  /** A packet for the middlewares that handle its type, as the number of the first byte. */
  dispatch(client: ClientConnection, packet: Packet, type: number): void | Promise<void>
  /** A client is above its high-water mark: one that takes nothing for the drain timeout is closed. */
  watch(client: ClientConnection): void
  /** A client holds a packet that is not complete: one whose packet does not go on is closed. */
  watchPacket(client: ClientConnection): void
  /** A connection is over. */
  forget(client: ClientConnection): void
}
