import type { QoS } from '@mqtt-stack/core'
import type { Outgoing } from './sender.ts'

/** A message that was sent and is not acknowledged. */
export class Inflight {
  /** Packet identifier; 0 for one that is free. */
  id = 0
  qos: QoS = 0
  /** The broker's own identifier; 0 for what is in no log. */
  messageId = 0
  /** Place in the log. */
  sequence = 0
  /** QoS 2: whether PUBREC came (`releasing`) and PUBREL went out (`released`). */
  phase: 'sent' | 'releasing' | 'released' = 'sent'
  /** Of a shared subscription and in no log: whom it may go to next. */
  shared: Outgoing | undefined = undefined

  /** Sent with this identifier. */
  begin(id: number, qos: QoS, messageId: number, sequence: number, shared: Outgoing | undefined): this {
    this.id = id
    this.qos = qos
    this.messageId = messageId
    this.sequence = sequence
    this.phase = 'sent'
    this.shared = shared
    return this
  }

  /** Acknowledged: holds nothing until it begins again. */
  end(): void {
    this.id = 0
    this.shared = undefined
  }
}

/** Packet identifiers follow from a message's place in its session, and so survive a crash with it. */
export function packetIdOf(sequence: number): number {
  return 1 + ((sequence - 1) % 65_535)
}
