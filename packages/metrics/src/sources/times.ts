/** The times that messages take, of those that are sampled. */
import type { MessageSampler, MetricFamily } from '@mqtt-stack/core'
import { Histogram } from '@mqtt-stack/core'

/** Bounds for waits, in seconds: a receiver may take its time. */
const WAITS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800]

export class MessageTimes implements MessageSampler {
  readonly #relay = new Histogram()
  readonly #delivery = new Histogram()
  readonly #wait = new Histogram(WAITS)

  relayed(seconds: number, weight: number): void {
    this.#relay.observe(seconds, weight)
  }

  delivered(seconds: number, weight: number, receivers: number): void {
    this.#delivery.observe(seconds, weight * receivers)
  }

  waited(seconds: number, weight: number): void {
    this.#wait.observe(seconds, weight)
  }

  families(): MetricFamily[] {
    return [
      this.#relay.family(
        'mqtt_relay_seconds',
        'The relay of a message, with the commit where it is kept; sampled, and each stands for those around it.',
      ),
      this.#delivery.family(
        'mqtt_delivery_seconds',
        'From the bytes of a message to the socket of a receiver who need not wait; sampled, and each stands for those around it.',
      ),
      this.#wait.family(
        'mqtt_delivery_wait_seconds',
        'From the bytes of a message to the socket of a connected receiver for whom it waited in a queue or a log; sampled, and each stands for those around it.',
      ),
    ]
  }
}
