import type { Meter } from './meter.ts'
import { Recent } from './recent.ts'

interface User {
  readonly meter: Meter
  /** Its connections that sent something. */
  connections: number
}

/** The meters of users: of those who are connected, and for a while of those who are not, who may come back. */
export class Users {
  readonly #make: (now: number) => Meter
  readonly #connected = new Map<string, User>()
  readonly #gone: Recent<Meter>

  /** @param full Milliseconds after which a meter that was not used is as new. */
  constructor(full: number, make: (now: number) => Meter) {
    this.#make = make
    this.#gone = new Recent(full)
  }

  /** A connection of the owner begins to send. */
  enter(owner: string, now: number): Meter {
    let user = this.#connected.get(owner)
    if (user === undefined) {
      user = { meter: this.#gone.get(owner, now) ?? this.#make(now), connections: 0 }
      this.#gone.delete(owner)
      this.#connected.set(owner, user)
    }
    user.connections++
    return user.meter
  }

  /** One of them is over. */
  leave(owner: string, now: number): void {
    const user = this.#connected.get(owner)
    if (user === undefined || --user.connections > 0) return
    this.#connected.delete(owner)
    this.#gone.use(owner, now, () => user.meter)
  }

  sweep(now: number): void {
    this.#gone.sweep(now)
  }
}
