/** Who is connected, was refused and left. */
import type { Client, Context, Listener, MetricFamily } from '@mqtt-stack/core'
import { isLost, Slot } from '@mqtt-stack/core'
import type { Cell } from '../counter.ts'
import { Counter } from '../counter.ts'
import { reasonName } from './reasons.ts'

/** Classes of users that are counted apart. */
const CLASSES = 20
const VERSIONS: Readonly<Record<number, string>> = { 3: '3.1', 4: '3.1.1', 5: '5.0' }

/** What a client is counted in while it is connected: shared by all that are alike. */
const places = new Slot<Cell | undefined>(() => undefined)

export class ClientCounts {
  readonly #opened = new Counter(
    'mqtt_connections_opened_total',
    'Connections that were opened, accepted or not.',
    ['listener'],
  )
  readonly #connected = new Counter(
    'mqtt_clients_connected',
    'Clients that are connected.',
    ['version', 'listener', 'user'],
    'gauge',
  )
  readonly #accepted = new Counter('mqtt_clients_accepted_total', 'Connections that were accepted.', [
    'version',
    'listener',
    'user',
  ])
  readonly #refused = new Counter(
    'mqtt_clients_refused_total',
    'Connections that were refused, by the reason code of CONNACK; those that a listener closed before are among them.',
    ['reason', 'listener'],
  )
  readonly #disconnected = new Counter(
    'mqtt_clients_disconnected_total',
    'Accepted connections that ended: by DISCONNECT (client), by the broker, or broken (lost).',
    ['cause', 'reason'],
  )
  readonly #classOf: (client: Client) => string
  readonly #classes = new Set<string>()
  /** The most that were connected at a time. */
  #most = 0
  #now = 0

  constructor(classOf: (client: Client) => string = classOfUser) {
    this.#classOf = classOf
  }

  get connected(): number {
    return this.#now
  }

  get most(): number {
    return this.#most
  }

  get opened(): number {
    return this.#opened.total
  }

  get accepted(): number {
    return this.#accepted.total
  }

  open({ listener }: Client): void {
    this.#opened.add([nameOf(listener)])
  }

  connect(client: Client): void {
    const values = [
      VERSIONS[client.protocolVersion] ?? 'other',
      nameOf(client.listener),
      this.#classed(client),
    ]
    const cell = this.#connected.cell(values)
    places.set(client, cell)
    cell.value++
    this.#now++
    this.#most = Math.max(this.#most, this.#now)
    this.#accepted.add(values)
  }

  refuse({ listener, reasonCode }: Context<'clientRefused'>): void {
    this.#refused.add([reasonName(reasonCode), nameOf(listener)])
  }

  disconnect({ client, clean, reasonCode, cause }: Context<'clientDisconnected'>): void {
    this.#disconnected.add([causeOf(client, clean, cause), reasonName(reasonCode)])
    const cell = places.peek(client)
    if (cell === undefined) return
    places.set(client, undefined)
    cell.value--
    this.#now--
  }

  families(): MetricFamily[] {
    const most = { labels: {}, value: this.#most }
    return [
      this.#opened.family(),
      this.#connected.family(),
      this.#accepted.family(),
      this.#refused.family(),
      this.#disconnected.family(),
      {
        name: 'mqtt_clients_connected_max',
        type: 'gauge',
        help: 'The most clients that were connected at a time.',
        samples: [most],
      },
    ]
  }

  /** A function of the user's may name anything. */
  #classed(client: Client): string {
    const name = String(this.#classOf(client))
    if (this.#classes.has(name)) return name
    if (this.#classes.size >= CLASSES) return 'other'
    this.#classes.add(name)
    return name
  }
}

function classOfUser({ bridge, session }: Client): string {
  if (bridge) return 'bridge'
  return session.identity === undefined ? 'anonymous' : 'user'
}

function nameOf({ name, transport }: Listener): string {
  return name ?? transport
}

function causeOf({ reasonCode, reason }: Client, clean: boolean, cause: Error | undefined): string {
  if (clean) return 'client'
  const broke = cause !== undefined && !isLost(cause)
  return reasonCode !== undefined || reason !== undefined || broke ? 'broker' : 'lost'
}
