/** All clients of the rounds, and what they have to get. */
import { setTimeout as delay } from 'node:timers/promises'
import { Device } from './device.ts'
import type { QoS } from './ledger.ts'
import { Ledger, States } from './ledger.ts'
import { Peer } from './peer.ts'
import type { Random } from './random.ts'

/** Messages that a publisher has under way at most, and in one round. */
const WINDOW = 10
const PER_ROUND = 40
const TOPICS = 5
/** Seconds behind its connection until a will is due, of one that comes and of one that never does. */
const SOON = 1
const NEVER = 600
/** How long the broker may take for an answer, in ms. */
const ANSWER = 60_000
/** How long retained messages may take, in ms. */
const RETAINED = 5_000

interface Publisher {
  readonly name: string
  readonly client: Device | Peer
  readonly qos: QoS
  count: number
  left: number
}

export class Cast {
  readonly #port: number
  readonly #random: Random
  readonly #onProblem: (problem: string) => void
  readonly #messages = new Ledger()
  readonly #wills = new Ledger()
  readonly #states = new States()
  readonly #devices: Device[] = []
  readonly #peers: Peer[] = []
  readonly #publishers: Publisher[] = []
  readonly #subscriptions: (readonly [Device | Peer, readonly (readonly [string, QoS])[]])[] = []
  /** Away in some rounds. */
  readonly #guests: Device[] = []
  /** Who came in this round, and stays until the broker is killed. */
  #present: readonly Device[] = []
  /** Comes back only when its will has come. */
  readonly #mortal: Device
  #lives = 0
  #mourned = new Set<string>()
  #checked = 0
  #stateWrites = 0
  #subscribed = false
  #ended = false

  constructor(port: number, random: Random, onProblem: (problem: string) => void) {
    this.#port = port
    this.#random = random
    this.#onProblem = onProblem
    this.#publish('own-1', this.#device('own-1'), 1)
    this.#publish('own-2', this.#device('own-2'), 2)
    this.#publish('js4-1', this.#peer('js4-1', 4), 1)
    this.#publish('js5-2', this.#peer('js5-2', 5), 2)
    this.#subscribe('own-a', 2, true)
    this.#subscribe('own-b', 1, true)
    this.#subscribeAs('js4-a', this.#peer('js4-a', 4, this.#to('js4-a', 2)), [['load/#', 2]])
    this.#subscribeAs('js5-a', this.#peer('js5-a', 5, this.#to('js5-a', 2)), [['load/#', 2]])
    const group = this.#to('group', 2)
    this.#subscribeAs('own-s', this.#device('own-s', group), [['$share/g/load/#', 2]])
    this.#subscribeAs('js5-s', this.#peer('js5-s', 5, group), [['$share/g/load/#', 2]])
    const will = (delayed: number, payload: string) => ({
      topic: 'will/mortal',
      payload: Buffer.from(payload),
      qos: 2 as const,
      retain: false,
      properties: { willDelayInterval: delayed },
    })
    this.#mortal = this.#make('mortal', { will: () => will(SOON, `mortal-${this.#lives}`) })
    this.#devices.push(this.#make('immortal', { will: () => will(NEVER, 'immortal') }))
  }

  /** Connects who is not away; in the first round they subscribe, and with `all` nobody is away. */
  async connect(all = false): Promise<void> {
    const absent = this.#guests.filter(() => this.#subscribed && !all && this.#random.chance(0.3))
    const present = this.#devices.filter((device) => !absent.includes(device))
    this.#present = present
    const connected = present.map((device) => device.connect(this.#port))
    const accepted = this.#peers.map(async (peer) => {
      while (!peer.accepted && !this.#ended) await delay(5)
    })
    await this.#bound('nobody answers CONNECT', Promise.all([...connected, ...accepted]))
    if (!this.#subscribed) {
      for (const [client, filters] of this.#subscriptions)
        for (const [filter, qos] of filters)
          await this.#bound(`nobody answers SUBSCRIBE to ${filter}`, client.subscribe(filter, qos))
      this.#subscribed = true
    }
    await this.#live(all)
    for (const publisher of this.#publishers) publisher.left = PER_ROUND
  }

  /** Waits for an answer of the broker, but not for ever. */
  async #bound(problem: string, answer: Promise<unknown>): Promise<void> {
    const late = delay(ANSWER, true, { ref: false })
    if ((await Promise.race([answer.then(() => false), late])) === true) this.#onProblem(problem)
  }

  /** A new life of the one whose will comes, if the last will is known to have come. */
  async #live(last: boolean): Promise<void> {
    if (last || (this.#lives > 0 && !this.#mourned.has(`mortal-${this.#lives}`))) return
    const payload = `mortal-${++this.#lives}`
    this.#wills.sent(payload, 2)
    const accepted = this.#mortal.connect(this.#port)
    await this.#bound('nobody answers the CONNECT of mortal', accepted)
    if (this.#mortal.accepted) this.#wills.acknowledge(payload)
  }

  /** Sends what fits. */
  load(): void {
    for (const publisher of this.#publishers) {
      const { client, name, qos } = publisher
      while (publisher.left > 0 && client.underWay < WINDOW) {
        publisher.left--
        const count = ++publisher.count
        if (count % 4 === 0) this.#writeState(publisher)
        const payload = `${name}-${count}`
        this.#messages.sent(payload, qos)
        client.publish({ topic: `load/${name}`, payload, qos }, () => this.#messages.acknowledge(payload))
      }
    }
  }

  #writeState({ client, name, qos }: Publisher): void {
    const topic = `state/${name}/${Math.floor(this.#random.between(0, TOPICS))}`
    const value = this.#states.next(topic)
    this.#stateWrites++
    client.publish({ topic, payload: value % 2 === 1 ? `${value}` : '', qos, retain: true }, () =>
      this.#states.acknowledge(topic, value),
    )
  }

  /** Looks at the retained messages with a client that is new. */
  async checkStates(): Promise<void> {
    const found = new Map<string, number>()
    const onMessage = (topic: string, payload: string): void => {
      if (payload === '') found.delete(topic)
      else found.set(topic, Number(payload))
    }
    const watcher = this.#make(`watcher-${++this.#checked}`, { onMessage, expiry: 0 })
    await this.#bound('nobody answers the CONNECT of a watcher', watcher.connect(this.#port))
    await this.#bound('nobody answers the SUBSCRIBE of a watcher', watcher.subscribe('state/#', 1, 0))
    const end = performance.now() + RETAINED
    while (this.#states.wrong(found).length > 0 && performance.now() < end) await delay(2)
    for (const wrong of this.#states.wrong(found)) this.#onProblem(`retained: ${wrong}`)
    watcher.drop()
  }

  crashed(): void {
    for (const device of [...this.#devices, this.#mortal]) device.drop()
  }

  /** What must never be, at any time. */
  faults(): string[] {
    const twice = [...this.#messages.twice(), ...this.#wills.twice()]
    const strange = [...this.#messages.strange(), ...this.#wills.strange()]
    return [...twice.map((one) => `twice: ${one}`), ...strange.map((one) => `never sent: ${one}`)]
  }

  /** Whom the broker has closed without a word, while it lives. */
  disconnected(): string[] {
    const gone = this.#present.filter(({ accepted }) => !accepted)
    return gone.map(({ clientId }) => `the connection of ${clientId} has ended`)
  }

  /** What must not be once all is settled. */
  losses(): string[] {
    const lost = [...this.#messages.lost(), ...this.#wills.lost()].map((one) => `lost: ${one}`)
    const stuck = this.#publishers.filter(({ client }) => client.underWay > 0)
    return [...lost, ...stuck.map(({ name, client }) => `${name} has ${client.underWay} messages under way`)]
  }

  get isSettled(): boolean {
    return this.losses().length === 0
  }

  get counts(): { acknowledged: number; delivered: number; retained: number; wills: number } {
    const { acknowledged, delivered } = this.#messages
    return { acknowledged, delivered, retained: this.#stateWrites, wills: this.#wills.acknowledged }
  }

  end(): void {
    this.#ended = true
    this.crashed()
    for (const peer of this.#peers) peer.end()
  }

  /** A subscriber of our own, who also gets wills and is away at times. */
  #subscribe(name: string, qos: QoS, mayBeAway: boolean): void {
    const messages = this.#to(name, qos)
    const wills = this.#wills.receiver(name, 2)
    const device = this.#device(name, (topic, payload) => {
      if (topic.startsWith('load/')) messages(topic, payload)
      else {
        wills.got(payload)
        this.#mourned.add(payload)
      }
    })
    if (mayBeAway) this.#guests.push(device)
    this.#subscribeAs(name, device, [
      ['load/#', qos],
      ['will/#', 2],
    ])
  }

  #subscribeAs(_name: string, client: Device | Peer, filters: readonly (readonly [string, QoS])[]): void {
    this.#subscriptions.push([client, filters])
  }

  #to(name: string, qos: QoS): (topic: string, payload: string) => void {
    const receiver = this.#messages.receiver(name, qos)
    return (_topic, payload) => receiver.got(payload)
  }

  #publish(name: string, client: Device | Peer, qos: QoS): void {
    this.#publishers.push({ name, client, qos, count: 0, left: 0 })
  }

  #device(clientId: string, onMessage?: (topic: string, payload: string) => void): Device {
    const device = this.#make(clientId, { onMessage })
    this.#devices.push(device)
    return device
  }

  #make(
    clientId: string,
    options: Omit<ConstructorParameters<typeof Device>[0], 'clientId' | 'onProblem'>,
  ): Device {
    return new Device({ clientId, ...options, onProblem: this.#onProblem })
  }

  #peer(
    clientId: string,
    protocolVersion: 4 | 5,
    onMessage?: (topic: string, payload: string) => void,
  ): Peer {
    const peer = new Peer({
      port: this.#port,
      clientId,
      protocolVersion,
      onMessage,
      onProblem: this.#onProblem,
    })
    this.#peers.push(peer)
    return peer
  }
}
