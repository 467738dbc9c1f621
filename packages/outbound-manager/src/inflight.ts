import type { QoS } from '@mqtt-stack/core'
import type { Outgoing } from './sender.ts'

/** A message that was sent and is not acknowledged. */
export class Inflight {
  /** Packet identifier. */
  readonly id: number
  readonly qos: QoS
  /** The broker's own identifier; 0 for what is in no log. */
  readonly messageId: number
  /** Place in the log. */
  readonly sequence: number
  /** QoS 2: whether PUBREC came (`releasing`) and PUBREL went out (`released`). */
  phase: 'sent' | 'releasing' | 'released' = 'sent'

  /** Of a shared subscription and in no log: whom it may go to next. */
  readonly shared: Outgoing | undefined

  constructor(id: number, qos: QoS, messageId: number, sequence: number, shared?: Outgoing) {
    this.id = id
    this.qos = qos
    this.messageId = messageId
    this.sequence = sequence
    this.shared = shared
  }
}

/** Packet identifiers follow from a message's place in its session, and so survive a crash with it. */
export function packetIdOf(sequence: number): number {
  return 1 + ((sequence - 1) % 65_535)
}
