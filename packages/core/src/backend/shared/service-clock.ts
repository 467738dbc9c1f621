import type { Stack } from '../../contract/index.ts'
import type { Publish } from '../../packets/index.ts'
import type { Clock } from '../../time/index.ts'
import type { SharedStore } from './shared-store.ts'

/** A machine whose clock differs by so many ms from the service's is told of. */
const DIFFERS = 60_000

/** The one clock of the service, as the store has it, for instants that nodes tell each other. */
export class ServiceClock {
  readonly #store: SharedStore
  readonly #clock: Clock
  #offset: number | undefined
  /** The stack's clock, but for what is written down: that is of the service, for another machine may read it. */
  readonly asClock: Clock

  constructor(store: SharedStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.asClock = {
      now: () => clock.now(),
      wall: () => this.now(),
      after: (ms, task) => clock.after(ms, task),
      every: (ms, task) => clock.every(ms, task),
    }
  }

  /** Asks the store for its time. */
  async sync(): Promise<void> {
    const before = this.#clock.now()
    const time = await this.#store.time()
    this.#offset = time - (before + this.#clock.now()) / 2
  }

  /** Milliseconds since 1970. Before the first {@link sync}: of this machine. */
  now(): number {
    return this.#offset === undefined ? this.#clock.wall() : this.#clock.now() + this.#offset
  }

  /** How far this machine's clock is ahead, in ms. */
  get ahead(): number {
    return this.#clock.wall() - this.now()
  }

  /** Says in the log where the clocks of this machine and of the service differ by much. */
  tellDifference(log: Pick<Stack['log'], 'event'>): void {
    if (Math.abs(this.ahead) < DIFFERS) return
    const seconds = Math.round(Math.abs(this.ahead) / 1_000)
    log.event('clock.differs', { seconds, which: this.ahead > 0 ? 'ahead of' : 'behind' })
  }

  /** What other nodes are told of an instant of the stack's clock; 0 stays never. */
  fromStack(at: number): number {
    return at === 0 ? 0 : this.now() + at - this.#clock.now()
  }

  /** And back; what is over is negative at the least. */
  toStack(at: number): number {
    return at === 0 ? 0 : this.#clock.now() + at - this.now() || -1
  }

  /** A message with what is left of its expiry interval; nothing where it is over. */
  age(packet: Publish, expiresAt: number): Publish | undefined {
    const { expiryInterval } = packet
    if (expiresAt === 0 || expiryInterval === undefined) return packet
    const left = Math.ceil((expiresAt - this.now()) / 1_000)
    if (left <= 0) return undefined
    if (left >= expiryInterval) return packet
    return packet.with({ properties: { ...packet.properties, messageExpiryInterval: left } })
  }
}
