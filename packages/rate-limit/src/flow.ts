import type { Client, Packet } from '@mqtt-stack/core'
import type { Meter } from './meter.ts'
import type { Traffic } from './traffic.ts'

/** What a packet of a client counts on. */
export class Flow {
  /** Whose limits its meters have: others may hold by now. */
  readonly of: Traffic
  readonly tooFast: 'slow' | 'close'
  readonly own: Meter | undefined
  readonly user: Meter | undefined
  /**
   * What was taken ahead from its own meter, so that not each message asks it: for the messages of one chunk, which all
   * came at the same time. What is left of it goes back before anybody asks again.
   */
  #messages = 0
  #bytes = 0
  /** Which chunk that was: how many bytes had come with it. */
  #chunk = 0

  constructor(of: Traffic, tooFast: 'slow' | 'close', own: Meter | undefined, user: Meter | undefined) {
    this.of = of
    this.tooFast = tooFast
    this.own = own
    this.user = user
  }

  /** Counts a message on what was taken ahead, where there is something left. */
  hasCounted(client: Client, packet: Packet): boolean {
    if (this.#messages < 1 || this.#bytes < 1 || this.#chunk !== client.bytesIn) return false
    if (packet.cmd !== 'publish') return false
    this.#messages--
    this.#bytes -= packet.length
    return true
  }

  /** Takes ahead what the chunk may use up. What clients of one user share is not taken from the others. */
  takeAhead({ bytesIn }: Client): void {
    if (this.own === undefined || this.user !== undefined) return
    this.#chunk = bytesIn
    this.#messages = this.own.takeMessages()
    this.#bytes = this.own.takeBytes()
  }

  giveBack(): void {
    this.own?.take(-this.#messages, -this.#bytes)
    this.#messages = 0
    this.#bytes = 0
  }
}
