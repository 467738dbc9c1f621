/**
 * `@mqtt-stack/authentication`: asks providers who a client is before anybody behind sees it.
 * @packageDocumentation
 */
import type { CallbackName, Client, ConnectPacket, Done, PacketType, Store } from '@mqtt-stack/core'
import { DONE, Middleware, ReasonCode } from '@mqtt-stack/core'

/**
 * Executes authenticateConnection with the user name and password of a CONNECT. Nobody answering, or a provider that
 * fails, refuses the client.
 */
export class Authentication extends Middleware {
  readonly handles: readonly PacketType[] = ['connect']
  readonly requires: readonly CallbackName[] = ['authenticateConnection']
  readonly uses: readonly CallbackName[] = ['closeClient']

  async handle(client: Client, packet: ConnectPacket): Promise<void | Done> {
    const { username, password } = packet
    const store: Store<'authenticateConnection'> = {}
    try {
      await this.stack.call('authenticateConnection', { client, packet, username, password }, store)
    } catch (error) {
      this.stack.fail(error as Error, undefined, packet)
      return this.#refuse(client, ReasonCode.SERVER_UNAVAILABLE)
    }
    if (store.valid !== true) {
      const wrong = username === undefined ? ReasonCode.NOT_AUTHORIZED : ReasonCode.BAD_USER_NAME_OR_PASSWORD
      return this.#refuse(client, store.reasonCode ?? wrong)
    }
    client.session.identity = store.identity ?? username
  }

  #refuse(client: Client, reasonCode: ReasonCode): Done {
    this.stack.closeClient(client, reasonCode, 'not authenticated')
    return DONE
  }
}
