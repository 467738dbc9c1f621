/** Messages of `mqtt-stack bench pub`. */
import { setImmediate as turn } from 'node:timers/promises'
import type { IClientPublishOptions, MqttClient } from 'mqtt'
import { wordsOf } from '../client/open-client.ts'
import { pause } from './crowd.ts'
import { Tally } from './tally.ts'

export interface PublisherOptions {
  /** Between the messages of one client, in ms. */
  readonly interval: number
  /** Messages of all clients; 0: no end. */
  readonly limit: number
  readonly payload: () => Buffer
  readonly message: IClientPublishOptions
}

/** Messages of one client that may be on the way. */
const UNDER_WAY = 20
/** Messages without a pause before others have their turn. */
const TURN = 32

export class Publisher {
  readonly sent: Tally = new Tally()
  readonly acknowledged: Tally = new Tally()
  readonly #options: PublisherOptions
  readonly #refused: (error: Error) => void

  /** @param refused Is told of each message that the broker refuses. */
  constructor(options: PublisherOptions, refused: (error: Error) => void) {
    this.#options = options
    this.#refused = refused
  }

  /** Is over when all messages of all clients are sent and these are acknowledged, or by `signal`. */
  async publish(client: MqttClient, topic: string, signal: AbortSignal): Promise<void> {
    const { interval, limit, payload, message } = this.#options
    let underWay = 0
    let wake = (): void => {}
    const answered = (error?: Error): void => {
      underWay--
      if (error == null) this.acknowledged.add()
      else if (!signal.aborted && !client.stream.destroyed)
        this.#refused(new Error(`${topic}: ${wordsOf(error)}`))
      wake()
    }
    const atMost = async (count: number): Promise<void> => {
      while (underWay > count && !signal.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
    signal.addEventListener('abort', () => wake())
    for (let mine = 1; !signal.aborted && (limit === 0 || this.sent.count < limit); mine++) {
      this.sent.add()
      underWay++
      client.publish(topic, payload(), message, answered)
      if (interval > 0) await pause(interval, signal)
      else if (mine % TURN === 0) await turn()
      await atMost(UNDER_WAY - 1)
    }
    await atMost(0)
  }
}
