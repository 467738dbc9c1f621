import { setImmediate as turn } from 'node:timers/promises'
import type { CallbackName, Context, MiddlewareLike, Store } from '@mqtt-stack/core'
import { CALLBACKS, Publish, StackError } from '@mqtt-stack/core'
import type { MemoryBackend } from '@mqtt-stack/memory-backend'

/** A change that waits for its commit. */
interface Change {
  readonly apply: () => void
  readonly applied: () => void
  readonly failed: (error: unknown) => void
}

/** Commits what was staged, in groups: what comes while one is written is the next. Nothing is seen before. */
export class Disk {
  readonly #milliseconds: number
  #staged: Change[] = []
  #writing: Promise<void> | undefined

  /** @param milliseconds What a commit takes; a turn of the event loop stands for each, so that no real time passes. */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /** Resolves when the change is made, behind all that were staged before. */
  write(apply: () => void): Promise<void> {
    const whole = new Promise<void>((applied, failed) => this.#staged.push({ apply, applied, failed }))
    this.#writing ??= this.#write()
    return whole
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #write(): Promise<void> {
    // What is staged in one turn is one group.
    await undefined
    while (this.#staged.length > 0) {
      const group = this.#staged
      this.#staged = []
      for (let i = 0; i < this.#milliseconds; i++) await turn()
      const settled = group.map(commit)
      for (const tell of settled) tell()
    }
    this.#writing = undefined
  }
}

/** Makes a change; answers what tells of it, for all of a group are made before anybody hears of one. */
function commit({ apply, applied, failed }: Change): () => void {
  try {
    apply()
    return applied
  } catch (error) {
    return () => failed(error)
  }
}

/** Calls that change what is kept, and are fenced. */
const WRITES: readonly CallbackName[] = [
  'storeSubscription',
  'removeSubscription',
  'clearSubscriptions',
  'releaseOfflineMessages',
  'removeOfflineMessages',
  'clearOfflineMessages',
  'storeInboundMessage',
  'releaseInboundMessages',
]
/** Calls that change what is kept, of which the store itself knows whether they may. */
const UNFENCED: readonly CallbackName[] = ['storeOfflineMessage', 'storeRetainedMessage']

type Handler = (ctx: object, store: object) => void | Promise<void>
type Fenced = { readonly clientId?: string; readonly epoch?: number }

/**
 * A third party's backend for tests that keeps what `memory` keeps, and applies nothing before it is committed: not
 * the identifier of a QoS 2 message, not an entry of a log, not a subscription. Look-ups see what is committed.
 * Who is connected is no matter of the disk: `openSession` and `closeSession` take effect at once, so that whoever relies
 * on calls under way being committed has to wait for them.
 */
export function slowDisk(memory: MemoryBackend, milliseconds: number): MiddlewareLike {
  const disk = new Disk(milliseconds)
  /** Epochs of the first and the newest opening of each session. */
  const sessions = new Map<string, { readonly first: number; readonly newest: number }>()
  const inner = memory as unknown as Record<string, Handler | undefined>
  const backend: MiddlewareLike & Record<string, unknown> = {
    name: 'SlowDisk',
    last: true,
    uses: memory.uses,
    start() {
      if (backend.stack !== undefined) memory.stack = backend.stack
      memory.start()
    },
    stop: () => disk.idle(),
  }

  /** The fence stands where a call is staged. */
  function check({ clientId = '', epoch }: Fenced): void {
    const known = sessions.get(clientId)
    if (known === undefined || epoch === undefined || epoch === known.newest) return
    throw new StackError('STALE_EPOCH', `session "${clientId}" of epoch ${epoch} is not the current one`)
  }

  /** A call that was staged before the session was opened again counts; one of a session that is gone does not. */
  function apply(name: string, ctx: Fenced, store: object): void {
    const known = sessions.get(ctx.clientId ?? '')
    if (known !== undefined && ctx.epoch !== undefined && ctx.epoch < known.first) return
    const current = known === undefined || ctx.epoch === undefined ? ctx : { ...ctx, epoch: known.newest }
    try {
      inner[name]?.call(memory, current, store)
    } catch (error) {
      if (known === undefined || (error as { code?: unknown }).code !== 'STALE_EPOCH') throw error
    }
  }

  function stage(name: string, ctx: Fenced, store: object): Promise<void> {
    check(ctx)
    return disk.write(() => apply(name, ctx, store))
  }

  function stageUnfenced(name: string, ctx: { packet?: unknown }, store: object): Promise<void> {
    // Kept beyond the turn.
    if (ctx.packet instanceof Publish) ctx.packet.own()
    return disk.write(() => void inner[name]?.call(memory, ctx, store))
  }

  async function open(ctx: Context<'openSession'>, store: Store<'openSession'>): Promise<void> {
    await memory.openSession(ctx, store)
    if (store.refused !== undefined || store.epoch === undefined) return
    const first = store.present === true ? sessions.get(ctx.clientId)?.first : undefined
    sessions.set(ctx.clientId, { first: first ?? store.epoch, newest: store.epoch })
    await disk.write(() => {})
  }

  /** Identifier and log entries are staged in one turn, and so are one commit. */
  function relay(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { inbound } = ctx
    const whose = ctx as { inbound: typeof inbound }
    const held = inbound && stage('storeInboundMessage', inbound, {})
    whose.inbound = undefined
    let later: void | Promise<void>
    try {
      later = memory.relayMessage(ctx, store)
    } finally {
      whose.inbound = inbound
    }
    if (held === undefined && later === undefined) return
    ctx.stage()
    return Promise.all([held, later]).then(() => {
      // A refusal ends the exchange: the identifier is free.
      if (store.reasonCode === undefined || inbound === undefined) return
      return disk.write(() =>
        apply('releaseInboundMessages', { ...inbound, packetIds: [inbound.packetId] } as Fenced, {}),
      )
    })
  }

  for (const name of Object.keys(CALLBACKS) as CallbackName[]) {
    if (inner[name] === undefined) continue
    if (WRITES.includes(name)) backend[name] = (ctx: Fenced, store: object) => stage(name, ctx, store)
    else if (UNFENCED.includes(name))
      backend[name] = (ctx: object, store: object) => stageUnfenced(name, ctx, store)
    else backend[name] = (ctx: object, store: object) => inner[name]?.call(memory, ctx, store)
  }
  /** Behind all that was staged. */
  async function purge(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): Promise<void> {
    await disk.write(() => {})
    await memory.purgeMessages(ctx, store)
  }

  return Object.assign(backend, { openSession: open, relayMessage: relay, purgeMessages: purge })
}
