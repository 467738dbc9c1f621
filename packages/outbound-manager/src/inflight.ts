import type { AckType, QoS } from '@mqtt-stack/core'
import type { Outgoing } from './sender.ts'

/** A message that was sent and is not acknowledged. */
export class Inflight {
  /** Packet identifier. */
  readonly id: number
  readonly qos: QoS
  /** The broker's own identifier; 0 for what is in no log. */
  readonly messageId: number
  /** Place in the log; of what is in no log, among what was sent. */
  readonly sequence: number
  /** Bytes of the message. */
  readonly size: number
  /** QoS 2: whether PUBREC came (`releasing`) and PUBREL went out (`released`). */
  phase: 'sent' | 'releasing' | 'released' = 'sent'

  /** Of a shared subscription and in no log: whom it may go to next. */
  shared: Outgoing | undefined

  constructor(id: number, qos: QoS, messageId: number, sequence: number, size: number, shared?: Outgoing) {
    this.id = id
    this.qos = qos
    this.messageId = messageId
    this.sequence = sequence
    this.size = size
    this.shared = shared
  }

  /**
   * Whether an acknowledgement is one that this message waits for: PUBACK for QoS 1; for QoS 2 PUBREC, which may come
   * again, and PUBCOMP once PUBREL went out.
   */
  isAnsweredBy(cmd: AckType, reasonCode: number): boolean {
    if (this.qos === 1) return cmd === 'puback'
    if (cmd === 'pubcomp') return this.phase === 'released'
    // What was received cannot be refused any more.
    return cmd === 'pubrec' && (reasonCode < 0x80 || this.phase === 'sent')
  }
}
