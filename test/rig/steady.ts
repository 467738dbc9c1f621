/** For tests of bad days: a client of 3.1.1 that keeps its session, connects again wherever it can, and gives up nothing that it began. */
import type { TestClient } from '@mqtt-stack/testing'
import { Device } from './counting.ts'
import type { TestNode } from './nodes.ts'

/** How often it looks at what has come, and how long it waits for CONNACK, in ms. */
const LOOK = 100
const PATIENCE = 4_000

/** A message that is not complete. */
interface Pending {
  readonly messageId: number
  readonly payload: string
  /** PUBREC has come. */
  received: boolean
}

export class Steady {
  readonly clientId: string
  /** What it has received. */
  readonly device: Device = new Device()
  /** The last number that was published completely. */
  last = 0
  /** How often it connected, and how often its session was not there any more. */
  connections = 0
  lost = 0
  readonly #nodes: () => readonly TestNode[]
  readonly #topic: string | undefined
  readonly #filter: string | undefined
  readonly #random: () => number
  readonly #qos: 1 | 2
  #client: TestClient | undefined
  #node: TestNode | undefined
  #isGone = true
  #since = 0
  #accepted = false
  #subscribed = false
  #pending: Pending | undefined
  #read = 0
  #ids = 0
  #isStopping = false

  /**
   * @param nodes Those that it may connect to now.
   * @param what `qos` is that of what it publishes; 2 by default.
   */
  constructor(
    clientId: string,
    nodes: () => readonly TestNode[],
    what: { topic?: string; filter?: string; qos?: 1 | 2; random: () => number },
  ) {
    const { topic, filter, random, qos = 2 } = what
    this.clientId = clientId
    this.#nodes = nodes
    this.#topic = topic
    this.#filter = filter
    this.#random = random
    this.#qos = qos
  }

  /** Publishes no more when what is under way is complete. */
  stopPublishing(): void {
    this.#isStopping = true
  }

  /** The process of a node is no more, and with it the connection. */
  leave(node: TestNode): void {
    if (this.#node === node) this.#client?.stream.destroy()
  }

  get isIdle(): boolean {
    return this.#pending === undefined
  }

  /** Connected, and subscribed where it is to be. */
  get isReady(): boolean {
    return this.#accepted && (this.#filter === undefined || this.#subscribed)
  }

  /** Begins; looks at what has come from now on. */
  start(clock: { now(): number; every(ms: number, task: () => void): unknown }): this {
    clock.every(LOOK, () => this.#look(clock.now()))
    return this
  }

  #look(now: number): void {
    const client = this.#client
    if (client !== undefined) this.#take(client)
    if (this.#isGone || (!this.#accepted && now - this.#since > PATIENCE)) this.#connect(now)
    if (this.#accepted && this.#pending === undefined && this.#topic !== undefined && !this.#isStopping)
      this.#publish()
  }

  #connect(now: number): void {
    const nodes = this.#nodes()
    const node = nodes[Math.floor(this.#random() * nodes.length)]
    if (node === undefined) return
    this.#client?.stream.destroy()
    this.#node = node
    const client = node.open({ clientId: this.clientId })
    this.#client = client
    this.#isGone = false
    this.#accepted = false
    this.#since = now
    this.#read = 0
    void client.closed.then(() => {
      if (this.#client === client) this.#isGone = true
    })
    const { clientId } = this
    const protocol = { protocolId: 'MQTT', protocolVersion: 4 } as const
    client.send({ cmd: 'connect', ...protocol, clientId, clean: false, keepalive: 0 })
  }

  #take(client: TestClient): void {
    this.device.read(client)
    const { received } = client
    while (this.#read < received.length) {
      const packet = received[this.#read++]
      if (packet.cmd === 'connack') this.#begin(client, packet.returnCode === 0, packet.sessionPresent)
      if (packet.cmd === 'suback') this.#subscribed = packet.granted.includes(2)
      const pending = this.#pending
      if (pending === undefined || packet.messageId !== pending.messageId) continue
      if (packet.cmd === 'pubrec') pending.received = true
      if (packet.cmd !== 'pubcomp' && packet.cmd !== 'puback') continue
      this.#pending = undefined
      this.last++
    }
  }

  #begin(client: TestClient, accepted: boolean, present: boolean): void {
    this.#accepted = accepted
    if (!accepted) {
      client.stream.destroy()
      return
    }
    if (this.connections++ > 0 && !present) this.lost++
    const { messageId, payload, received } = this.#pending ?? {}
    if (received === true) client.send({ cmd: 'pubrel', messageId })
    else if (messageId !== undefined && payload !== undefined) this.#send(messageId, payload, true)
    if (this.#filter !== undefined && !this.#subscribed)
      client.send({ cmd: 'subscribe', messageId: 65_000, subscriptions: [{ topic: this.#filter, qos: 2 }] })
  }

  #publish(): void {
    const messageId = (this.#ids++ % 1_000) + 1
    this.#pending = { messageId, payload: `${this.clientId} ${this.last + 1}`, received: false }
    this.#send(messageId, this.#pending.payload, false)
  }

  #send(messageId: number, payload: string, dup: boolean): void {
    const topic = this.#topic ?? ''
    this.#client?.send({ cmd: 'publish', topic, payload, qos: this.#qos, messageId, dup, retain: false })
  }
}
