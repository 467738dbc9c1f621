/** The API for operators: HTTP on a listener of its own. */
import type { Client, Context, Done, MiddlewareLike, Packet } from '@mqtt-stack/core'
import { ClientList, DONE, isLoopback, Middleware, ReasonCode, Relayer } from '@mqtt-stack/core'
import { BanSharing } from './ban-sharing.ts'
import { Bans } from './bans.ts'
import { dashboardFiles } from './dashboard.ts'
import type { Desk } from './desk.ts'
import { isHere, isSought } from './elsewhere.ts'
import { Door } from './http/door.ts'
import { HttpListener } from './http/http-listener.ts'
import { listenerOf } from './http/server.ts'
import { placeOf } from './listen-at.ts'
import { Live } from './live/live.ts'
import { Nodes } from './nodes.ts'
import type { Operator } from './operator.ts'
import type { AdminOptions } from './options.ts'
import { ADMIN_OPTIONS } from './options.ts'
import { isKick, kickHere } from './routes/clients.ts'
import { OPEN_ROUTES, ROUTES } from './routes/index.ts'
import { Tokens } from './tokens.ts'

/** Answers operators over HTTP, asks the stack's callbacks for it, and keeps out whom they ban. */
export class Admin extends Middleware<AdminOptions> {
  readonly handles = ['connect'] as const
  readonly uses = [
    'lookupSessions',
    'lookupSubscriptions',
    'lookupOfflineMessages',
    'lookupRetainedMessages',
    'lookupHoldings',
    'lookupHealth',
    'lookupNodes',
    'tellNodes',
    'lookupMetrics',
    'lookupUsers',
    'storeUser',
    'removeUser',
    'lookupRules',
    'storeRule',
    'removeRule',
    'followTraffic',
    'explainDelivery',
    'lookupTop',
    'lookupOutbound',
    'endSession',
    'endSubscription',
    'purgeMessages',
    'storeRetainedMessage',
    'relayMessage',
    'messagePublished',
    'closeClient',
  ] as const
  /** Answered while somebody looks on: see {@link Live}. */
  messagePublished?: NonNullable<MiddlewareLike['messagePublished']>
  messageDropped?: NonNullable<MiddlewareLike['messageDropped']>
  clientRefused?: NonNullable<MiddlewareLike['clientRefused']>
  readonly #tokens: Tokens
  #operator: Operator | undefined
  #desk: Desk | undefined
  #listeners: readonly HttpListener[] = []
  /** Ends that times of handlers are taken. */
  #untimed: (() => void) | undefined

  /** @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`. */
  constructor(options?: AdminOptions) {
    super(options, ADMIN_OPTIONS)
    this.#tokens = new Tokens(this.config.tokens)
    placeOf('listen', this.config.listen)
    if (this.config.open !== undefined) placeOf('open', this.config.open)
  }

  /** Where it listens, such as `http://127.0.0.1:18080`; the one without tokens behind it. Empty before `start()`. */
  get urls(): readonly string[] {
    return this.#listeners.map(({ url }) => url)
  }

  /** Whoever made the stack hands itself, before it starts; the option `operator` comes first. */
  operatedBy(operator: Operator): void {
    this.#operator = operator
  }

  /** What is weak about it. */
  check(): readonly string[] {
    const { host } = placeOf('listen', this.config.listen)
    return isLocal(host) ? [] : [unencrypted(this.config.listen)]
  }

  async start(): Promise<void> {
    const { stack, config } = this
    const operator = config.operator ?? this.#operator ?? {}
    const clients = operator.clients ?? new ClientList(() => stack.clients)
    const door = new Door(this.#tokens, stack.clock)
    const [bans, nodes] = [new Bans(stack.clock), new Nodes(stack)]
    const desk: Desk = {
      stack,
      config,
      clients,
      bans,
      nodes,
      sharing: new BanSharing(stack, bans, nodes),
      live: new Live(stack, clients, this),
      relayer: new Relayer(stack),
      operator,
      door,
    }
    nodes.on('kick', (said) => isKick(said) && kickHere(desk, said))
    nodes.on('where', (said) => isSought(said) && isHere(desk, said))
    this.#desk = desk
    const fallback = config.dashboard ? dashboardFiles() : undefined
    const { connections } = config
    const listeners = [
      new HttpListener(
        'listen',
        config.listen,
        connections,
        listenerOf({ desk, door, routes: ROUTES, fallback }),
      ),
    ]
    if (config.open !== undefined) {
      const open = listenerOf({ desk, door: undefined, routes: OPEN_ROUTES })
      listeners.push(new HttpListener('open', config.open, connections, open))
    }
    try {
      for (const one of listeners) await one.open()
    } catch (error) {
      await Promise.all(listeners.map((one) => one.close()))
      throw error
    }
    this.#listeners = listeners
    this.#untimed = stack.observation.time()
    // Before that the backend may not answer.
    const started = Promise.resolve().then(() => stack.started)
    started.then(
      () => desk.sharing.start(),
      () => {},
    )
    this.#tell(listeners)
  }

  async stop(): Promise<void> {
    this.#untimed?.()
    this.#desk?.sharing.stop()
    this.#desk?.live.close()
    await Promise.all(this.#listeners.map((one) => one.close()))
    this.#listeners = []
  }

  handle(client: Client, packet: Packet): void | Done {
    const ban = packet.cmd === 'connect' ? this.#desk?.bans.of(client) : undefined
    if (ban === undefined) return
    this.stack.closeClient(client, ReasonCode.BANNED, ban.reason)
    return DONE
  }

  clientConnected(ctx: Context<'clientConnected'>): void {
    this.#desk?.clients.connected(ctx.client)
    this.#desk?.live.clientConnected(ctx)
  }

  clientDisconnected(ctx: Context<'clientDisconnected'>): void {
    this.#desk?.clients.disconnected(ctx.client)
    this.#desk?.live.clientDisconnected(ctx)
  }

  nodeTold(ctx: Context<'nodeTold'>): void {
    this.#desk?.nodes.told(ctx)
  }

  /** A token that was made is told once, and to nobody’s log: as a link, whose fragment no server is sent. */
  #tell(listeners: readonly HttpListener[]): void {
    const { log } = this.stack
    const { announce = print } = this.config
    const [{ url, link, local }] = listeners as [HttpListener]
    for (const one of listeners) log.event('admin.opened', { url: one.url })
    if (!local) log.event('admin.unencrypted', { cause: unencrypted(url) })
    if (this.#tokens.made !== undefined) announce(`${link}/#token=${this.#tokens.made}`, url !== link)
  }
}

function print(link: string, everywhere: boolean): void {
  const where = everywhere ? ' (and at all other addresses of this machine)' : ''
  process.stderr.write(`admin: ${link}${where}\n`)
}

function isLocal(host: string): boolean {
  return host === 'localhost' || isLoopback(host)
}

function unencrypted(place: string): string {
  return `${place}: tokens go there unencrypted: have a proxy with TLS in front of it`
}
