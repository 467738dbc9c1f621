import { nextMessageId } from '../../contract/index.ts'
import { isStackError } from '../../errors/index.ts'
import type { Clock } from '../../time/index.ts'
import { bounded } from '../../time/index.ts'
import type { Adoptions } from './adoptions.ts'
import type { Home } from './directory.ts'
import type { Moving } from './moving.ts'
import { REASON, restBeforeAsking } from './moving.ts'
import type { Pulled } from './pull.ts'
import { Pull } from './pull.ts'

/** A session is asked for again after this, in ms, where its home cannot give it now; each time after twice as long, up to the other. */
const [SHORT, LONG] = [50, 800]

/** What somebody who opens a session finds. */
export interface Found {
  /** There is none, and it is this node's to make; its home. */
  readonly home?: Home
  /** It is here. */
  readonly isHere?: boolean
  /** One that was elsewhere has ended. */
  readonly ended: boolean
  /** Why it cannot be opened: it is somebody else's, its home does not answer, or the store does not say where that is. */
  readonly refused?: 'foreign' | 'unavailable' | 'unknown'
}

/** Who wants a session. */
export interface Wanting {
  readonly clientId: string
  readonly identity: string | undefined
  readonly cleanStart: boolean
  /** Nobody wants it any more. */
  isOver(): boolean
}

/** Brings sessions here that are at home elsewhere. */
export class Pulls {
  readonly #moving: Moving
  readonly #adoptions: Pick<Adoptions, 'quiet'>
  readonly #pulls = new Map<number, Pull>()
  #closed = false

  constructor(moving: Moving, adoptions: Pick<Adoptions, 'quiet'>) {
    this.#moving = moving
    this.#adoptions = adoptions
    const { inbox, peers } = moving.node
    inbox.on('part', (frame, { from, again }) => this.#find(from, frame.pull)?.take(frame, again))
    inbox.on('gone', (frame, { from }) => this.#find(from, frame.pull)?.gone(frame))
    inbox.on('mark', ({ owner, tag }, { from }) => {
      if (owner === moving.node.node) this.#pulls.get(tag)?.mark(from)
    })
    peers.on({
      dead: (node) => {
        for (const pull of this.#pulls.values()) pull.dead(node)
      },
      joined: (node) => {
        for (const pull of this.#pulls.values()) pull.joined(node)
      },
    })
  }

  close(): void {
    this.#closed = true
    for (const pull of this.#pulls.values()) pull.giveUp()
  }

  /** Others give their pulls numbers of their own. */
  #find(home: string, number: number): Pull | undefined {
    const pull = this.#pulls.get(number)
    return pull?.home.node === home ? pull : undefined
  }

  /** Finds the session of a client identifier that is not here, and brings it here. Waits no longer than two leases for it to go on. */
  find(wanting: Wanting): Promise<Found> {
    return bounded(this.#findSafely(wanting))
  }

  /** A store that is out of reach is told of elsewhere. */
  async #findSafely(wanting: Wanting): Promise<Found> {
    try {
      return await this.#search(wanting)
    } catch (error) {
      if (isStackError(error) && error.code === 'STORE_DAMAGED') throw error
      return { refused: 'unknown', ended: false }
    }
  }

  async #search(wanting: Wanting): Promise<Found> {
    const { parts } = this.#moving
    const { store, peers } = this.#moving.node
    const { clock } = parts.stack
    const until = clock.now() + 2 * store.lease
    let from: Home | undefined
    let ended = false
    let pause = SHORT
    while (!this.#closed && !wanting.isOver()) {
      const { residence } = parts.sessions.get(wanting.clientId) ?? {}
      // Somebody else has brought it here, or is about to.
      if (residence?.home !== undefined) return { isHere: true, ended }
      if (residence !== undefined) {
        if (clock.now() >= until) break
        await rest(clock, SHORT)
        continue
      }
      const taken = await this.#take(wanting.clientId, from)
      if (typeof taken === 'number') return { home: { node: store.node, tenure: taken }, ended }
      if (taken === undefined || taken.node === store.node) {
        from = taken
        continue
      }
      from = undefined
      const pulled = peers.live.has(taken.node) ? await this.#bring(wanting, taken) : this.#judge(taken)
      if (pulled === 'complete') return { isHere: true, ended }
      if (pulled === REASON.foreign) return { refused: 'foreign', ended }
      if (pulled === REASON.ended) ended = true
      if (pulled === REASON.ended || pulled === REASON.absent) from = taken
      else if (clock.now() >= until) break
      else {
        await rest(clock, pause)
        pause = Math.min(2 * pause, LONG)
      }
    }
    return { refused: 'unavailable', ended }
  }

  /** A node that is no more has left nothing: what it wrote into the directory last came too late. */
  #judge({ node }: Home): Pulled {
    return this.#moving.node.peers.isForgotten(node) ? REASON.absent : REASON.givenUp
  }

  /** As the directory does; others may read there that the session is here before the answer has come. */
  async #take(clientId: string, from: Home | undefined): Promise<number | Home | undefined> {
    const { directory, making } = this.#moving
    let taken: number | Home | undefined
    making.add(clientId)
    try {
      taken = await directory.take(clientId, from)
    } finally {
      if (typeof taken !== 'number') making.delete(clientId)
    }
    return taken
  }

  /** What a dead node had meant to send goes to the home that the session had: so that comes first. */
  async #bring(wanting: Wanting, home: Home): Promise<Pulled> {
    return this.#adoptions.quiet() === undefined ? REASON.givenUp : this.#pull(wanting, home)
  }

  async #pull({ clientId, identity, cleanStart }: Wanting, home: Home): Promise<Pulled> {
    const { directory, parts } = this.#moving
    const { store } = this.#moving.node
    // No other process of this node's name has had it.
    const number = nextMessageId()
    const pull = new Pull(this.#moving, clientId, home, number, this.#adoptions)
    this.#pulls.set(number, pull)
    const { clock } = parts.stack
    const timer = clock.every(store.lease / 3, () => {
      if (clock.now() - pull.movedAt > 2 * store.lease) pull.giveUp()
    })
    try {
      pull.begin(identity, cleanStart)
      const pulled = await pull.pulled
      if (pulled !== 'complete') {
        if (pulled === REASON.givenUp) pull.giveUp()
        return pulled
      }
      // From here on it is this node's, or it is as if it had not been asked for: one of the two is written down.
      const { lease } = this.#moving.node
      const taken = lease.held ? await this.#decide(pull, clientId, home) : undefined
      if (typeof taken === 'number' && pull.settle({ node: store.node, tenure: taken })) return pulled
      if (typeof taken === 'number') await directory.release(clientId, { node: store.node, tenure: taken })
      else pull.giveUp()
      return REASON.givenUp
    } catch (error) {
      pull.giveUp()
      throw error
    } finally {
      timer.cancel()
      this.#pulls.delete(number)
    }
  }

  async #decide(pull: Pull, clientId: string, home: Home): Promise<number | Home | undefined> {
    pull.decide(true)
    const wait = (): Promise<void> => restBeforeAsking(this.#moving, () => this.#closed)
    const taken = await this.#moving.directory.takeForSure(clientId, home, wait)
    pull.decide(false)
    return taken
  }
}

function rest(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve))
}
