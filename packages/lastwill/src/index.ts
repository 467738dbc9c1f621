/**
 * `@mqtt-stack/lastwill`: publishes what a client left to be said when it is gone without a word.
 * @packageDocumentation
 */
import type { CallbackName, Client, ConnectPacket, Context, PacketType } from '@mqtt-stack/core'
import { Middleware, Publish, ReasonCode, RelayContext, RelayStore, Slot } from '@mqtt-stack/core'

/** The will of a connection, until it is published or dropped. */
class Will {
  message: Publish | undefined
}

const will = new Slot(() => new Will())

/** Keeps the will of a CONNECT and relays it when the connection ends without DISCONNECT [MQTT-3.1.2-8]. */
export class LastWill extends Middleware {
  readonly handles: readonly PacketType[] = ['connect']
  readonly uses: readonly CallbackName[] = ['relayMessage']

  handle(client: Client, packet: ConnectPacket): void {
    if (packet.will === undefined) return
    const { topic, payload, qos, retain } = packet.will
    will.of(client).message = Publish.from({ topic, payload, qos, retain })
  }

  /** The will is dropped [MQTT-3.1.2-10], unless a 5.0 client asked for it. */
  cleanDisconnect(ctx: Context<'cleanDisconnect'>): void | Promise<void> {
    if (ctx.reasonCode === ReasonCode.DISCONNECT_WITH_WILL) return this.#publish(ctx.client)
    will.of(ctx.client).message = undefined
  }

  uncleanDisconnect(ctx: Context<'uncleanDisconnect'>): void | Promise<void> {
    return this.#publish(ctx.client)
  }

  #publish(client: Client): void | Promise<void> {
    const state = will.of(client)
    const { message } = state
    if (message === undefined) return
    state.message = undefined
    const { clientId, identity } = client.session
    const relay = new RelayContext(undefined, message, { clientId, identity }, undefined)
    return this.stack.run('relayMessage', relay, new RelayStore())
  }
}
