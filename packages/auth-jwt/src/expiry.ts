/** Connections end with the tokens that let them in. */
import type { Client, Stack, Timer } from '@mqtt-stack/core'
import { judgeAfter, ReasonCode } from '@mqtt-stack/core'

/** The wall clock may be set at any time: it is looked at again so often, in ms. */
const LOOK = 60_000

/** When a client's token is over. */
export class Expiry {
  /** In ms since 1970; infinity: never. */
  #at = Number.POSITIVE_INFINITY
  #timer: Timer | undefined

  /** Ends the connection with 0x87 at this time of the wall clock (ms), unless a later call says another. */
  set(at: number, client: Client, stack: Pick<Stack, 'clock' | 'closeClient'>): void {
    this.cancel()
    this.#at = at
    if (Number.isFinite(at)) this.#await(client, stack)
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #await(client: Client, stack: Pick<Stack, 'clock' | 'closeClient'>): void {
    const { clock } = stack
    const left = this.#at - clock.wall()
    // What has come by then is read first.
    this.#timer = judgeAfter(clock, Math.min(Math.max(left, 0), LOOK), () => {
      if (clock.wall() < this.#at) this.#await(client, stack)
      else stack.closeClient(client, ReasonCode.NOT_AUTHORIZED, 'the token has expired')
    })
  }
}
