/** Bans hold on every node of a service: each tells the others, and asks from time to time whether it has missed something. */
import type { Stack, Timer } from '@mqtt-stack/core'
import { ReasonCode } from '@mqtt-stack/core'
import type { Bans, SharedBan } from './bans.ts'
import type { Nodes } from './nodes.ts'
import { sendable } from './sendable.ts'

/** How often nodes compare what they know, in ms. */
const PERIOD = 30_000
/** So many are told at a time, and so many characters of them: nodes are told no more than 1,048,576. */
const PAGE = 200
const PAGE_TEXT = 500_000
/** The longest name that is told of one, and the longest reason. */
const TEXT = 65_535
const REASON = 1_024
/** As long as the API takes it. */
const ID = /^[\w-]{1,20}$/
/** No ban is changed so often: what is higher could not be counted on. */
const LAST = 2 ** 40
/** The longest that a ban may have left: a year, in ms. */
const LONGEST = 31_536_000_000

export class BanSharing {
  readonly #stack: Stack
  readonly #bans: Bans
  readonly #nodes: Nodes
  #timer: Timer | undefined
  /** The look at all connections that is under way, and the one that begins behind it. */
  #look: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
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

  /** Ends the connections that are kept out now, in turns with others: one look at all for however many ask meanwhile. */
  endThose(): Promise<void> {
    this.#next ??= this.#look.then(() => {
      this.#next = undefined
      const look = this.#endAll()
      this.#look = look.catch(() => {})
      return look
    })
    return this.#next
  }

  async #endAll(): Promise<void> {
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
    for (const page of pagesOf(this.#bans.shared()))
      this.#stack.background(() => this.#nodes.tell('bans', page, node).catch(() => {}))
  }
}

function* pagesOf(all: readonly SharedBan[]): Iterable<readonly SharedBan[]> {
  let page: SharedBan[] = []
  let length = 0
  for (const ban of all) {
    page.push(ban)
    length += JSON.stringify(ban).length
    if (page.length < PAGE && length < PAGE_TEXT) continue
    yield page
    page = []
    length = 0
  }
  if (page.length > 0) yield page
}

function isSharedBan(told: unknown): told is SharedBan {
  if (typeof told !== 'object' || told === null) return false
  const { id, reason, left, version, lifted, clientId, identity, address } = told as Partial<SharedBan>
  const terms = [clientId, identity, address].filter((one) => one !== undefined)
  return (
    terms.length === 1 &&
    terms.every((text) => typeof text === 'string' && text.length <= TEXT) &&
    typeof id === 'string' &&
    ID.test(id) &&
    typeof reason === 'string' &&
    Number.isFinite(left) &&
    isVersion(version) &&
    typeof lifted === 'boolean'
  )
}

function isVersion(told: unknown): boolean {
  return Number.isInteger(told) && (told as number) > 0 && (told as number) <= LAST
}

/** What else there is, of a later version, is left out. */
function cleaned({ id, reason, left, version, lifted, ...more }: SharedBan): SharedBan {
  const { clientId, identity, address } = more
  const terms = {
    ...(clientId !== undefined && { clientId }),
    ...(identity !== undefined && { identity }),
    ...(address !== undefined && { address }),
  }
  return {
    ...terms,
    id,
    reason: sendable(reason.slice(0, REASON)),
    left: Math.min(left, LONGEST),
    version,
    lifted,
  }
}
