/** The times that messages take, of those that are sampled. */
import type { MessageSampler, MetricFamily } from '@mqtt-stack/core'
import { Histogram } from '@mqtt-stack/core'

export class MessageTimes implements MessageSampler {
  readonly #relay = new Histogram()
  readonly #delivery = new Histogram()

  relayed(seconds: number, weight: number): void {
    this.#relay.observe(seconds, weight)
  }

  delivered(seconds: number, weight: number, receivers: number): void {
    this.#delivery.observe(seconds, weight * receivers)
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
    ]
  }
}
