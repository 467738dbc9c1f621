/** Bans hold on every node of a service: each tells the others, and asks from time to time whether it has missed something. */
import type { Stack, Timer } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { Bans, SharedBan } from './bans.ts'
import type { Nodes } from './nodes.ts'

/** How often nodes compare what they know, in ms. */
const PERIOD = 30_000
/** So many are told at a time. */
const PAGE = 200
/** The longest of what is told of one. */
const TEXT = 65_535
/** The longest that a ban may have left: a year, in ms. */
const LONGEST = 31_536_000_000

export class BanSharing {
  readonly #stack: Stack
  readonly #bans: Bans
  readonly #nodes: Nodes
  #timer: Timer | undefined
  #isOver = false

  constructor(stack: Stack, bans: Bans, nodes: Nodes) {
    this.#stack = stack
    this.#bans = bans
    this.#nodes = nodes
    nodes.on('bans', (told) => this.#take(told))
    nodes.on('bans?', (digest, node) => this.#compare(digest, node))
  }

  /** Asks the others now, and from time to time. */
  start(): void {
    if (this.#isOver) return
    const ask = (): void => {
      if (!this.#stack.answers('tellNodes')) return
      this.#stack.background(() => this.#nodes.tell('bans?', this.#bans.digest).catch(() => {}))
    }
    this.#timer = this.#stack.clock.every(PERIOD, ask)
    ask()
  }

  stop(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  /**
   * A ban was made or taken away here: it is so on all nodes that answer.
   * @returns Nodes that have not: they hear of it when they compare.
   */
  async spread(id: string): Promise<readonly string[]> {
    return (await this.#nodes.ask('bans', this.#bans.shared(id))).missing
  }

  /** Ends the connections that are kept out now, in turns with others. */
  async endThose(): Promise<void> {
    const { pace, clients } = this.#stack
    for (const client of clients) {
      if (pace.spent) await pace.rest()
      const ban = this.#bans.of(client)
      if (ban !== undefined) this.#stack.closeClient(client, ReasonCode.ADMINISTRATIVE_ACTION, ban.reason)
    }
  }

  async #take(told: unknown): Promise<boolean> {
    const bans = Array.isArray(told) ? told.slice(0, PAGE).filter(isSharedBan).map(cleaned) : []
    if (this.#bans.merge(bans) > 0) await this.endThose()
    return true
  }

  #compare(digest: unknown, node: string): void {
    if (digest === this.#bans.digest) return
    const all = this.#bans.shared()
    for (let at = 0; at < all.length; at += PAGE)
      this.#stack.background(() => this.#nodes.tell('bans', all.slice(at, at + PAGE), node).catch(() => {}))
  }
}

function isSharedBan(told: unknown): told is SharedBan {
  if (typeof told !== 'object' || told === null) return false
  const { id, reason, left, version, lifted, clientId, identity, address } = told as Partial<SharedBan>
  const terms = [clientId, identity, address].filter((one) => one !== undefined)
  return (
    terms.length === 1 &&
    [id, reason, ...terms].every((text) => typeof text === 'string' && text.length <= TEXT) &&
    Number.isFinite(left) &&
    Number.isSafeInteger(version) &&
    typeof lifted === 'boolean'
  )
}

/** What else there is, of a later version, is left out. */
function cleaned({ id, reason, left, version, lifted, ...more }: SharedBan): SharedBan {
  const { clientId, identity, address } = more
  const terms = {
    ...(clientId !== undefined && { clientId }),
    ...(identity !== undefined && { identity }),
    ...(address !== undefined && { address }),
  }
  return { ...terms, id, reason, left: Math.min(left, LONGEST), version, lifted }
}
