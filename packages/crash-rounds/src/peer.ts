/** A client of MQTT.js, which comes back by itself and keeps what is under way in its own stores. */
import type { IClientOptions, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import type { Message } from './device.ts'
import type { QoS } from './ledger.ts'

export interface PeerOptions {
  readonly port: number
  readonly clientId: string
  readonly protocolVersion: 4 | 5
  readonly onMessage?: (topic: string, payload: string) => void
  readonly onProblem: (problem: string) => void
}

/** How soon it tries again, in ms. */
const RECONNECT = 20

export class Peer {
  readonly #client: MqttClient
  #underWay = 0
  #known = false

  constructor({ port, clientId, protocolVersion, onMessage, onProblem }: PeerOptions) {
    const options: IClientOptions = {
      clientId,
      protocolVersion,
      clean: false,
      keepalive: 0,
      reconnectPeriod: RECONNECT,
      resubscribe: false,
      ...(protocolVersion === 5 && { properties: { sessionExpiryInterval: 3_600 } }),
    }
    this.#client = connect(`mqtt://127.0.0.1:${port}`, options)
    this.#client.on('error', () => {})
    this.#client.on('message', (topic, payload) => onMessage?.(topic, payload.toString()))
    this.#client.on('connect', ({ sessionPresent }) => {
      if (this.#known && !sessionPresent) onProblem(`the session of ${clientId} is lost`)
      this.#known = true
    })
  }

  get underWay(): number {
    return this.#underWay
  }

  get accepted(): boolean {
    return this.#client.connected
  }

  publish({ topic, payload, qos, retain = false }: Message, acknowledged: () => void): void {
    this.#underWay++
    this.#client.publish(topic, payload, { qos, retain }, (error) => {
      this.#underWay--
      if (!error) acknowledged()
    })
  }

  async subscribe(topic: string, qos: QoS): Promise<void> {
    await this.#client.subscribeAsync(topic, { qos })
  }

  end(): void {
    this.#client.end(true)
  }
}
