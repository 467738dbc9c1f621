/** Broker processes over one Redis, and clients that come to another one when theirs is gone. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import { onTestFinished } from 'vitest'
import { openPort } from '../support/open-port.ts'
import type { Spawned, SpawnedOptions } from '../support/spawned.ts'
import { spawned } from '../support/spawned.ts'
import { CLI } from './command.ts'

/** A node that is missed for so long, in ms, is dead. */
export const LEASE = 3_000
const LISTENS = /mqtt:\/\/[^" :]+:\d+/

/** A process that is a node. */
export interface ServiceNode {
  /** The one that runs now. */
  readonly cli: Spawned
  /** What it has said, and those that ran before. */
  readonly said: string
  readonly host: string
  readonly port: number
  /** Kills it, if it still runs. */
  kill(): Promise<void>
  /** Starts it again where it was; answers when it listens. */
  restart(): Promise<void>
}

/**
 * Starts a node; it is ended with the test.
 * @param redis Options of the backend, as JSON has them: where Redis is.
 * @param options What its process gets besides.
 */
export async function startNode(redis: object, options: SpawnedOptions = {}): Promise<ServiceNode> {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-service-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const file = join(path, 'broker.json')
  const { host, port, handOver } = await openPort()
  handOver()
  // While somebody is away the others go on: what is dropped because a log is full is not what is looked for.
  const bounds = { sessionMessages: 1_000_000, sessionBytes: 1_000_000_000 }
  const store = { redis: { lease: LEASE, ...bounds, ...redis } }
  writeFileSync(file, JSON.stringify({ listeners: [{ listen: `mqtt://${host}:${port}` }], store }))
  let cli: Spawned
  const clis: Spawned[] = []
  const start = async (): Promise<void> => {
    // A service manager starts it again, too: another node may be taking over what the last one left, or Redis was too slow.
    do {
      cli = spawned(process.execPath, [CLI, '--config', file], options)
      clis.push(cli)
    } while (!(await listens(cli)))
  }
  await start()
  return {
    get cli() {
      return cli
    },
    get said() {
      return clis.map(({ stdout, stderr }) => stdout + stderr).join('--- started again\n')
    },
    host,
    port,
    kill: async () => {
      cli.child.kill('SIGKILL')
      await cli.exited
    },
    restart: start,
  }
}

/** False for a node whose name is taken still, or that Redis did not answer in time. */
async function listens(cli: Spawned): Promise<boolean> {
  try {
    await cli.prints(LISTENS)
    return true
  } catch (error) {
    if (/wait until the lease of the earlier one has ended|it does not answer|has lost its/.test(cli.stderr))
      return false
    throw error
  }
}

/** Begins at one of the nodes, and goes on to the next where it loses its connection. */
export function roam(
  nodes: readonly ServiceNode[],
  first: number,
  clientId: string,
  options: IClientOptions = {},
): MqttClient {
  const servers = nodes.map((_, i) => nodes[(first + i) % nodes.length])
  const all: IClientOptions = {
    servers: servers.map(({ host, port }) => ({ host, port, protocol: 'mqtt' })),
    clientId,
    clean: false,
    protocolVersion: 5,
    properties: { sessionExpiryInterval: 600 },
    reconnectPeriod: 50,
    reconnectOnConnackError: true,
    connectTimeout: 3_000,
    keepalive: 2,
    ...options,
  }
  const client = connect(all)
  client.on('error', () => {})
  onTestFinished(() => void client.end(true))
  return client
}

/** Subscribes, however often the connection is lost meanwhile. */
export async function subscribe(client: MqttClient, filter: string): Promise<void> {
  for (;;) {
    // What it is asked before it is connected it says is done when it is not.
    if (!client.connected) await new Promise<void>((resolve) => client.once('connect', () => resolve()))
    try {
      const granted = await client.subscribeAsync(filter, { qos: 2 })
      if (granted.some(({ topic, qos }) => topic === filter && qos === 2)) return
    } catch {
      // Once more.
    }
  }
}

/** A publisher that says which of its numbered messages were acknowledged. */
export class NumberedPublisher {
  readonly acknowledged: number[] = []
  readonly #client: MqttClient
  readonly #topic: string
  readonly #qos: 1 | 2
  #next = 1
  #running: Promise<void> | undefined
  /** Told of each message that is acknowledged. */
  #onAcknowledged: () => void = () => {}
  #isStopped = false

  constructor(client: MqttClient, topic: string, qos: 1 | 2) {
    this.#client = client
    this.#topic = topic
    this.#qos = qos
  }

  /** Publishes one after the other, each when the last is acknowledged. */
  start(): void {
    this.#running = this.#run()
  }

  /** Fulfils when so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count
    while (this.acknowledged.length < wanted)
      await new Promise<void>((resolve) => {
        this.#onAcknowledged = resolve
      })
  }

  /** Publishes no more; what is under way is waited for. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const number = this.#next++
      try {
        await this.#client.publishAsync(this.#topic, String(number), { qos: this.#qos })
        this.acknowledged.push(number)
        this.#onAcknowledged()
      } catch {
        // Refused: the service could not promise it.
      }
    }
  }
}

/** What a subscriber got of each topic, in the order of its coming. */
export function numbersOf(client: MqttClient): Map<string, number[]> {
  const got = new Map<string, number[]>()
  client.on('message', (topic, payload) => {
    const numbers = got.get(topic) ?? []
    numbers.push(Number(payload))
    got.set(topic, numbers)
  })
  return got
}
