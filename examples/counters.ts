import type { Client, Context, PacketType } from '@mqtt-stack/core'
import { Middleware, Slot } from '@mqtt-stack/core'

const messages = new Slot(() => ({ in: 0, out: 0 }))

/** Counts the messages and bytes of each client, each way. Stands last, so that it counts what is sent. */
export class Counters extends Middleware {
  readonly handles: readonly PacketType[] = ['publish']

  handle(client: Client): void {
    messages.of(client).in++
  }

  sendMessage({ client }: Context<'sendMessage'>): void {
    messages.of(client).out++
  }

  /** What everybody who is connected has sent and was sent so far. */
  report() {
    return [...this.stack.clients].map((client) => ({
      clientId: client.id,
      messages: { ...messages.of(client) },
      bytes: { in: client.bytesIn, out: client.bytesOut },
    }))
  }
}
