/** One who follows: sees what comes, what goes and what is decided, until it has seen enough. */
import type {
  Client,
  Context,
  FollowedRun,
  Follower,
  Packet,
  SentPacket,
  Stack,
  Timer,
  TrafficEvent,
} from '@mqtt-stack/core'
import { printable } from '@mqtt-stack/core'
import { fieldsOf } from './packet-fields.ts'
import { rounded, stepsOf } from './steps.ts'
import type { Wanted } from './terms.ts'

const PACKET = 'handle '

/** What a callback's context may have. */
interface About {
  readonly clientId?: unknown
  readonly topic?: unknown
  readonly action?: unknown
  readonly reason?: unknown
  readonly reasonCode?: unknown
  readonly packet?: unknown
  readonly dry?: unknown
}

export class Following implements Follower {
  readonly #stack: Stack
  readonly #wanted: Wanted
  readonly #ctx: Context<'followTraffic'>
  readonly #ended: (following: Following) => void
  readonly #tapped = new Map<Client, () => void>()
  readonly #unfollow: () => void
  readonly #timer: Timer
  #left: number
  #isOver = false

  constructor(
    stack: Stack,
    wanted: Wanted,
    ctx: Context<'followTraffic'>,
    ended: (following: Following) => void,
  ) {
    this.#stack = stack
    this.#wanted = wanted
    this.#ctx = ctx
    this.#ended = ended
    this.#left = wanted.events
    for (const client of stack.clients) if (client.connected) this.#tap(client)
    this.#unfollow = stack.observation.follow(this)
    this.#timer = stack.clock.after(wanted.milliseconds, () => this.end('time'))
  }

  /** Ends it; `undefined`: whoever follows ended it, and need not be told. */
  end(why?: 'time' | 'events' | 'stopped'): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#unfollow()
    this.#timer.cancel()
    for (const untap of this.#tapped.values()) untap()
    this.#tapped.clear()
    this.#ended(this)
    if (why !== undefined) this.#ctx.over?.(why)
  }

  wants(client: Client | undefined, ctx: unknown, callback: string, store: unknown): boolean {
    const isPacket = callback.startsWith(PACKET)
    const about = (isPacket ? store : ctx) as About
    if (!isPacket && isObserved(callback, client, about)) return false
    const id = typeof about.clientId === 'string' ? about.clientId : undefined
    if (!this.#wanted.client(client, id)) return false
    if (client !== undefined) this.#tap(client)
    return this.#wanted.topic(topicOf(about))
  }

  ran(run: FollowedRun): void {
    const { callback, client, ctx, store, since } = run
    const isPacket = callback.startsWith(PACKET)
    const steps = stepsOf(run, isPacket)
    const milliseconds = rounded(run.milliseconds)
    const at = rounded(this.#at() - (this.#stack.clock.now() - since))
    if (isPacket) {
      const packet = store as Packet
      const fields = fieldsOf(packet, this.#wanted.payloads)
      const clientId = client?.id || (packet.cmd === 'connect' ? packet.clientId : '')
      this.#see({ at, kind: 'in', ...whoOf(client, clientId), name: packet.cmd, fields, steps, milliseconds })
      return
    }
    if (steps.length === 0) return
    const { clientId = client?.id, topic = topicOf(ctx as About), action, reason, reasonCode } = ctx as About
    const fields = { topic, action, reason, reasonCode } as TrafficEvent['fields']
    const who = whoOf(client, String(clientId ?? ''))
    this.#see({ at, kind: 'decided', ...who, name: callback, fields, steps, milliseconds })
  }

  #tap(client: Client): void {
    if (this.#tapped.has(client) || client.closed || !this.#wanted.client(client, undefined)) return
    const untap = client.tap((sent) => this.#sent(client, sent))
    this.#tapped.set(client, untap)
    client.onClose(() => {
      untap()
      this.#tapped.delete(client)
    })
  }

  #sent(client: Client, sent: SentPacket): void {
    if (this.#wanted.byTopic && !(sent.cmd === 'publish' && this.#wanted.topic(topicOf(sent)))) return
    const fields = fieldsOf(sent, this.#wanted.payloads)
    const who = whoOf(client, client.id)
    this.#see({
      at: this.#at(),
      kind: 'out',
      ...who,
      name: sent.cmd,
      fields,
      steps: [],
      milliseconds: undefined,
    })
  }

  /** What the follower throws ends it, and is told once. */
  #see(event: TrafficEvent): void {
    if (this.#isOver) return
    this.#left--
    try {
      this.#ctx.see({ ...event, fields: printableFields(event.fields) })
    } catch (error) {
      this.end()
      this.#stack.fail(error as Error, undefined, undefined)
      return
    }
    if (this.#left <= 0) this.end('events')
  }

  #at(): number {
    return this.#stack.clock.wall()
  }
}

/** A question of somebody who looks on, such as this follower’s own dashboard: nothing happens to anybody. */
function isObserved(callback: string, client: Client | undefined, { dry }: About): boolean {
  return dry === true || (client === undefined && /^(lookup|explain)/.test(callback))
}

function whoOf(client: Client | undefined, clientId: string): Pick<TrafficEvent, 'clientId' | 'remote'> {
  return { clientId: printable(clientId), remote: client?.listener.remote }
}

/** Of a message, of a filter that is asked about, or of a context that names one. */
function topicOf({ topic, packet }: Pick<About, 'topic' | 'packet'>): string | undefined {
  if (typeof topic === 'string') return topic
  const inner = (packet as { topic?: unknown } | undefined)?.topic
  return typeof inner === 'string' ? inner : undefined
}

/** No line end, no cursor movement, and of each value its beginning. */
function printableFields(fields: TrafficEvent['fields']): TrafficEvent['fields'] {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? printable(value.slice(0, 512)) : value]),
  )
}
