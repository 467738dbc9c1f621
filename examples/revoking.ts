import type { Context, Done, SessionSummary, Store } from '@mqtt-stack/core'
import { DONE, Middleware, matchesFilter, ReasonCode, shareOf } from '@mqtt-stack/core'

/** Takes rights away at run time: what waits in a queue, a log or the retained store does not reach the client either. */
export class Revoking extends Middleware {
  readonly #revoked = new Map<string, string[]>()

  /** From now on nobody of this identity gets what matches the filter, connected or away. */
  async revoke(identity: string, filter: string): Promise<void> {
    this.#revoked.set(identity, [...(this.#revoked.get(identity) ?? []), filter])
    let page: SessionSummary[] = []
    do {
      page = await this.stack.call('lookupSessions', { identity, after: page.at(-1)?.clientId, limit: 100 })
      for (const { clientId } of page) {
        for (const { topic } of await this.stack.call('lookupSubscriptions', { clientId }))
          if (!this.#mayRead(identity, shareOf(topic)?.filter ?? topic))
            await this.stack.call('endSubscription', { clientId, topic })
        await this.stack.call('purgeMessages', { clientId, filter })
      }
    } while (page.length === 100)
  }

  authorizePacket({ client, packet }: Context<'authorizePacket'>, store: Store<'authorizePacket'>): void {
    if (packet.cmd !== 'subscribe' || store.grants === undefined) return
    for (const [i, { topic }] of packet.subscriptions.entries())
      if (!this.#mayRead(client.session.identity, topic)) store.grants[i] = ReasonCode.NOT_AUTHORIZED
  }

  /** A wider subscription goes on, without what was revoked. */
  sendMessage({ client, topic }: Context<'sendMessage'>): Done | undefined {
    return this.#mayRead(client.session.identity, topic) ? undefined : DONE
  }

  #mayRead(identity = '', topic: string): boolean {
    return !this.#revoked.get(identity)?.some((filter) => matchesFilter(filter, topic))
  }
}
