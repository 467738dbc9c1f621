/** Attempts to prove who somebody is: begun at once, after a wait, or not at all. */
import type { Client, Clock, Steps } from '@mqtt-stack/core'
import type { Claim } from './failures.ts'
import type { Guard } from './guard.ts'
import type { Refusal } from './refusal.ts'
import type { Slowed } from './slowed.ts'
import type { WaitingRoom } from './waiting-room.ts'

/** Who waits for the outcome of others looks again so often, in ms. */
const LOOK = 100

export class Gate {
  readonly #clock: Clock
  readonly #room: WaitingRoom
  readonly #slowed: Slowed

  constructor(clock: Clock, room: WaitingRoom, slowed: Slowed) {
    this.#clock = clock
    this.#room = room
    this.#slowed = slowed
  }

  /** Answers when the attempt has begun, or the client is closed; otherwise why it may not begin. */
  *admit(guard: Guard, client: Client, claim: Claim): Steps<Refusal | undefined> {
    for (let isFirst = true; ; isFirst = false) {
      const now = this.#clock.now()
      // Others may have failed meanwhile.
      const refused = guard.refusalOf(client, claim, now)
      if (refused !== undefined) return refused
      const wait = isFirst ? guard.waitOf(client, claim, now) : 0
      if (wait === 0 && guard.begin(client, claim, now)) return undefined
      if (isFirst) this.#slowed.tell(client, 'failed authentications', claim.username)
      yield* this.#room.wait(client, now + (wait || LOOK))
      // It has left meanwhile: nothing is tried that nobody waits for.
      if (client.stream.destroyed) client.close()
      if (client.closed) return undefined
    }
  }
}
