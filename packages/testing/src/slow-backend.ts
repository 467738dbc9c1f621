import type { CallbackName, Context, MiddlewareLike, Packet, Store } from '@mqtt-stack/core'
import { CALLBACKS, StackError } from '@mqtt-stack/core'
import { SlowCommits } from './slow-commits.ts'

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
type Inner = MiddlewareLike & Required<Pick<MiddlewareLike, 'openSession' | 'relayMessage'>>
/** A session that was opened. */
interface Opened {
  /** Epochs of its first and its newest opening; infinite when it is over. */
  readonly first: number
  readonly newest: number
  /** Its QoS 2 identifiers that are committed. */
  readonly inbound: Set<number>
}

type Fenced = { readonly clientId?: string; readonly epoch?: number }

/**
 * A backend for tests that keeps what `memory` keeps, and applies nothing before it is committed: not
 * the identifier of a QoS 2 message, not an entry of a log, not a subscription. Look-ups see what is committed.
 * Who is connected is no matter of the disk: `openSession` and `closeSession` take effect at once, so that whoever relies
 * on calls under way being committed has to wait for them.
 * @param memory A backend that does at once what it is asked.
 * @param milliseconds What a commit takes; a turn of the event loop stands for each, so that no real time passes.
 */
export function slowBackend(memory: Inner, milliseconds: number): MiddlewareLike {
  const disk = new SlowCommits(milliseconds)
  const sessions = new Map<string, Opened>()
  const inner = memory as unknown as Record<string, Handler | undefined>
  const handlers = memory as unknown as Record<'openSession' | 'relayMessage', Handler>
  const backend: MiddlewareLike & Record<string, unknown> = {
    name: 'SlowBackend',
    last: true,
    uses: memory.uses,
    start() {
      if (backend.stack !== undefined) memory.stack = backend.stack
      return memory.start?.()
    },
    async stop() {
      await disk.idle()
      await memory.stop?.()
    },
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
      return
    }
    const { packetId, packetIds = [] } = ctx as { packetId?: number; packetIds?: readonly number[] }
    if (packetId !== undefined) known?.inbound.add(packetId)
    for (const id of packetIds) known?.inbound.delete(id)
  }

  function stage(name: string, ctx: Fenced, store: object): Promise<void> {
    check(ctx)
    return disk.write(() => apply(name, ctx, store))
  }

  function stageUnfenced(name: string, ctx: { packet?: Packet }, store: object): Promise<void> {
    // Kept beyond the turn.
    if (ctx.packet?.cmd === 'publish') ctx.packet.own()
    return disk.write(() => void inner[name]?.call(memory, ctx, store))
  }

  async function open(ctx: Context<'openSession'>, store: Store<'openSession'>): Promise<void> {
    await handlers.openSession(ctx, store)
    if (store.refused !== undefined || store.epoch === undefined) return
    const { epoch, present, inboundIds } = store
    const known = present === true ? sessions.get(ctx.clientId) : undefined
    const { first = epoch, inbound = new Set(inboundIds) } = known ?? {}
    sessions.set(ctx.clientId, { first, newest: epoch, inbound })
    // What was staged before is committed then.
    await disk.write(() => {})
    store.inboundIds = [...inbound]
  }

  function end(clientId: string): void {
    sessions.set(clientId, {
      first: Number.POSITIVE_INFINITY,
      newest: Number.POSITIVE_INFINITY,
      inbound: new Set(),
    })
  }

  async function close(ctx: Context<'closeSession'>, store: Store<'closeSession'>): Promise<void> {
    await inner.closeSession?.call(memory, ctx, store)
    if (store.ended === true) end(ctx.clientId)
  }

  /** Identifier and log entries are staged in one turn, and so are one commit. */
  function relay(ctx: Context<'relayMessage'>, store: Store<'relayMessage'>): void | Promise<void> {
    const { inbound } = ctx
    const whose = ctx as { inbound: typeof inbound }
    const held = inbound && stage('storeInboundMessage', inbound, {})
    whose.inbound = undefined
    let later: void | Promise<void>
    try {
      later = handlers.relayMessage(ctx, store)
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

  // A backend answers none that is synchronous.
  for (const name of Object.keys(CALLBACKS) as Exclude<CallbackName, 'sendMessage'>[]) {
    if (inner[name] === undefined) continue
    if (WRITES.includes(name)) backend[name] = (ctx: Fenced, store: object) => stage(name, ctx, store)
    else if (UNFENCED.includes(name))
      backend[name] = (ctx: object, store: object) => stageUnfenced(name, ctx, store)
    else backend[name] = (ctx: object, store: object) => inner[name]?.call(memory, ctx, store)
  }
  /** Behind all that was staged. */
  async function purge(ctx: Context<'purgeMessages'>, store: Store<'purgeMessages'>): Promise<void> {
    await disk.write(() => {})
    await inner.purgeMessages?.call(memory, ctx, store)
  }

  return Object.assign(backend, {
    openSession: open,
    closeSession: close,
    relayMessage: relay,
    ...(inner.purgeMessages !== undefined && { purgeMessages: purge }),
  })
}
