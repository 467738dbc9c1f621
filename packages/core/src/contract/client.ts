/** What middlewares see of a connection. */
import type { Duplex } from 'node:stream'
import type {
  AckType,
  ClientSettings,
  ConnackPacket,
  Extras,
  OutgoingPacket,
  Packet,
  PacketType,
  ProtocolVersion,
  Publish,
  QoS,
  ReasonCode,
} from '../packets/index.ts'
import type { Listener } from './listener.ts'
import type { Session, Will } from './session.ts'
import type { SlotHost } from './slot.ts'
import type { Stack } from './stack.ts'

/** A message as one client is sent it. */
export interface SentPublish {
  readonly cmd: 'publish'
  readonly packet: Publish
  readonly qos: QoS
  readonly retain: boolean
  readonly dup: boolean
  /** Packet identifier; 0 for QoS 0. */
  readonly packetId: number
}

/** A packet that a client is sent, for those who look on. */
export type SentPacket =
  | SentPublish
  | { readonly cmd: AckType; readonly packetId: number; readonly reasonCode: ReasonCode }
  | OutgoingPacket

/** What goes with the end of a connection. */
export interface Goodbye {
  /** For the client (5.0) and logs. */
  readonly reason?: string | undefined
  /** The error behind it, for uncleanDisconnect. */
  readonly cause?: Error | undefined
  /** Another server that the client may use (5.0). */
  readonly serverReference?: string | undefined
}

/**
 * A connection: packets in, one at a time and in order; packets out, one write a turn. `stack.connect()` makes it of a
 * stream; a middleware sees it in `install`, in `handle` and as `ctx.client`.
 */
export interface Client extends SlotHost {
  readonly stack: Stack
  readonly stream: Duplex
  readonly listener: Listener
  /** Never undefined: a connection without session-manager has one that ends with it. */
  session: Session
  /**
   * The fence of this connection: what openSession handed out for it, for good; 0 before. Every call to a backend for
   * this connection carries it. `session.epoch` may be that of a later connection, which took the session over.
   */
  epoch: number
  /** What lastwill keeps of the CONNECT, until it is published or dropped. Its session's backend keeps it too. */
  will: Will | undefined
  /** From the CONNECT; 4 before it came. */
  protocolVersion: ProtocolVersion
  /** From the CONNECT: a bridge of Mosquitto (3.1 and 3.1.1), whose own messages do not come back to it. */
  bridge: boolean
  /** CONNECT was accepted. */
  connected: boolean
  /** No packet comes or goes any more. */
  readonly closed: boolean
  /** Why it was closed, where somebody said so. */
  readonly reasonCode: ReasonCode | undefined
  /** The same in words. */
  readonly reason: string | undefined
  /** The user name of the CONNECT: what the client says of itself, which is an identity only once it is authenticated. */
  readonly username: string | undefined
  /** When bytes came last, by the stack's clock (ms). */
  readonly receivedAt: number
  /** When its CONNECT was accepted, by the stack's clock (ms); `undefined` before. */
  readonly connectedAt: number | undefined
  /** Bytes of MQTT that came; those of TLS and WebSocket are left out, here and in {@link bytesOut}. */
  readonly bytesIn: number
  /** Bytes that its stream was given, once a turn; what of them the other side has not taken is among {@link pending}. */
  readonly bytesOut: number
  /** Packets that came and were found whole. Of a batch that came in one chunk each counts when its turn comes. */
  readonly packetsIn: number
  /** Packets that were written. */
  readonly packetsOut: number
  /** What the client asked for in its CONNECT (5.0). */
  readonly settings: ClientSettings
  /** What its CONNACK said besides (5.0): `undefined` until it was written, and for older versions. */
  readonly connack: ConnackPacket['properties']
  /** Client identifier; empty before CONNECT. */
  readonly id: string
  /** Bytes that came and wait for their turn; those of an unfinished packet are left out. */
  readonly backlog: number
  /** Bytes that the other side has not taken. */
  readonly pending: number
  /** More is pending than the stack's option `highWater`: what can wait must wait. */
  readonly congested: boolean
  /** So much is pending that QoS 0 is dropped: four times `highWater`. */
  readonly full: boolean
  /** How often the stream has taken something: a client that does not read makes no progress. */
  readonly progress: number
  /** It is read, and nothing of what it sent waits for us. */
  readonly reading: boolean
  /** Somebody took this client away from the middlewares; see {@link divert}. */
  readonly diverted: boolean
  /** Milliseconds without a byte, at the instant `now` of the stack's clock; 0 while it is us who do not read. */
  silentFor(now: number): number
  /** Resolves once the client is not congested any more, or is closed. */
  drained(): Promise<void>
  /** CONNECT is accepted: larger packets may come. */
  accept(): void
  /**
   * Sends a packet; PUBLISH and acknowledgements have ways of their own. A client that does not take one of its size is
   * closed (0x95), for it would wait for it for ever (5.0).
   */
  write(packet: OutgoingPacket): void
  /** Sends a packet as {@link write} does; false when it is larger than the client takes and so not sent (5.0). */
  tryWrite(packet: OutgoingPacket): boolean
  /**
   * Sends a message; false when it is larger than the client takes, which is not an error [MQTT-3.1.2-24] (5.0).
   * `id` is the packet identifier, 0 for QoS 0.
   */
  publish(packet: Publish, qos: QoS, retain: boolean, dup: boolean, id: number, extras?: Extras): boolean
  /** Whether a message is no larger than what the client takes; identifiers and aliases that go with it are left out. */
  takes(packet: Publish, qos: QoS): boolean
  /** Sends an acknowledgement; older versions know no reason code. */
  ack(type: AckType, id: number, reasonCode?: ReasonCode): void
  /** Any packet but these is a protocol error from now on; `undefined` ends that. */
  expect(types: readonly PacketType[] | undefined): void
  /** Packets go to `handler` alone from now on, past all middlewares. Only from `install`. */
  divert(handler: (packet: Packet) => void): void
  /**
   * Shows each packet that is written to the client from now on, when it is. What the listener throws goes to
   * `errorHandler`, and it is shown no more. Costs a comparison a packet while nobody looks on.
   * @returns What ends it.
   */
  tap(listener: (sent: SentPacket) => void): () => void
  /** Calls `listener` once, when the connection is over and its last packet has been handled. */
  onClose(listener: (cause: Error | undefined) => void): void
  /**
   * Ends the connection after what was written and, if there is a reason that the version can tell, after a CONNACK
   * (before acceptance) or a DISCONNECT (5.0) with it. What was received and not handled is forgotten.
   */
  close(reasonCode?: ReasonCode, goodbye?: Goodbye): void
}
