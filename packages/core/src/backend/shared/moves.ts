import type { Matches } from '../../topics/index.ts'
import type { Subscriber } from '../subscriber.ts'
import { AdoptedWills } from './adopted-wills.ts'
import { Adoptions } from './adoptions.ts'
import type { Home } from './directory.ts'
import { Directory } from './directory.ts'
import { withoutArriving } from './hand-over.ts'
import { HandOvers } from './hand-overs.ts'
import type { Moving, MovingParts } from './moving.ts'
import type { Found, Wanting } from './pulls.ts'
import { Pulls } from './pulls.ts'
import { Cuts, Residence } from './residence.ts'

/** Sessions that come to this node, and go from it. */
export class Moves {
  readonly #moving: Moving
  readonly #pulls: Pulls
  readonly #handOvers: HandOvers
  readonly #adoptions: Adoptions
  readonly #releases = new Set<Promise<void>>()

  constructor(parts: MovingParts) {
    const { inbox, store } = parts.node
    const moving = { ...parts, directory: new Directory(store), cuts: new Cuts(), making: new Set<string>() }
    this.#moving = moving
    this.#adoptions = new Adoptions(moving, new AdoptedWills(parts))
    this.#pulls = new Pulls(moving, this.#adoptions)
    this.#handOvers = new HandOvers(moving)
    inbox.on('mark', ({ owner, tag }, { from }) => {
      if (owner === store.node) moving.cuts.mark(tag, from)
    })
  }

  /** Some session is on its way: every message is to be seen by {@link sift}. */
  get isBusy(): boolean {
    return !this.#moving.cuts.isEmpty || !this.#handOvers.isEmpty
  }

  /**
   * Who gets a message of a node, which may be this one, of all who match.
   * @param message Its own identifier is asked for only where it is needed.
   */
  sift(
    matches: Matches<Subscriber>,
    origin: string,
    message: { readonly messageId: number },
  ): Matches<Subscriber> {
    if (!this.#handOvers.isEmpty) this.#handOvers.note(origin, message.messageId)
    return this.#moving.cuts.isEmpty ? matches : withoutArriving(matches, origin)
  }

  /** Before anybody asks for a session: of those that an earlier process of this name left, some may be elsewhere by now. */
  async restore(): Promise<void> {
    const { directory, node, parts } = this.#moving
    const homes = new Map<string, Home>()
    for await (const { clientId, home } of directory.of(node.node)) homes.set(clientId, home)
    for (const record of parts.sessions.all) {
      const home = homes.get(record.clientId)
      homes.delete(record.clientId)
      record.residence = new Residence(home)
      if (home !== undefined) continue
      record.residence.departed = true
      parts.sessions.remove(record)
    }
    // These ended with their connection.
    for (const [clientId, home] of homes) await directory.release(clientId, home)
  }

  /** Finds a session that is not here, and brings it here. */
  find(wanting: Wanting): Promise<Found> {
    return this.#pulls.find(wanting)
  }

  /** What {@link find} gave this node to make is made, or is not to be any more. */
  made(clientId: string): void {
    this.#moving.making.delete(clientId)
  }

  /** There is no session of this client identifier at home here any more. */
  release(clientId: string, home: Home): void {
    const { directory, parts } = this.#moving
    // What cannot be written now is found when somebody asks for the session, or this node's part is adopted.
    const released = directory.release(clientId, home).catch((error: Error) => {
      parts.stack.log.event('session.unreleased', { clientId, cause: error.message })
    })
    this.#releases.add(released)
    released.then(() => this.#releases.delete(released))
  }

  /** Fulfils when the directory knows what has ended here. */
  async settled(): Promise<void> {
    await Promise.all(this.#releases)
  }

  close(): void {
    this.#pulls.close()
    this.#handOvers.close()
    this.#adoptions.close()
  }
}
