import type { Client, Context, Done, Instead, Packet, PacketType } from '@mqtt-stack/core'
import { DONE, instead, Middleware, shareOf } from '@mqtt-stack/core'

/** Each tenant's clients have topics of their own: nobody else sees them, and nobody needs to know. */
export class Tenants extends Middleware {
  readonly handles: readonly PacketType[] = ['connect', 'publish', 'subscribe', 'unsubscribe']
  readonly #tenantOf: (client: Client) => string

  /** @param tenantOf Whose a client is; asked once it is authenticated. */
  constructor(tenantOf: (client: Client) => string) {
    super()
    this.#tenantOf = tenantOf
  }

  handle(client: Client, packet: Packet): Instead | undefined {
    const tenant = this.#tenantOf(client)
    if (packet.cmd === 'publish') return instead(packet.with({ topic: withTenant(tenant, packet.topic) }))
    if (packet.cmd === 'connect') {
      const { will } = packet
      return will && instead({ ...packet, will: { ...will, topic: withTenant(tenant, will.topic) } })
    }
    if (packet.cmd === 'subscribe') {
      const filters = packet.subscriptions.map((one) => ({ ...one, topic: filterOf(tenant, one.topic) }))
      return instead({ ...packet, subscriptions: filters })
    }
    if (packet.cmd !== 'unsubscribe') return undefined
    return instead({ ...packet, unsubscriptions: packet.unsubscriptions.map((one) => filterOf(tenant, one)) })
  }

  sendMessage(ctx: Context<'sendMessage'>): Done | undefined {
    const root = rootOf(this.#tenantOf(ctx.client), ctx.topic)
    // Nothing of others, nor the root itself: no client can have published to it.
    if (!ctx.topic.startsWith(root) || ctx.topic === root) return DONE
    ctx.packet = ctx.packet.with({ topic: ctx.topic.slice(root.length) })
    return undefined
  }
}

/** The name is one level, whatever is in it. `$` topics stay such: no filter that begins with a wildcard sees them. */
function rootOf(tenant: string, topic: string): string {
  return `${topic.startsWith('$') ? '$' : ''}tenants/${encodeURIComponent(tenant)}/`
}

function withTenant(tenant: string, topic: string): string {
  return rootOf(tenant, topic) + topic
}

function filterOf(tenant: string, filter: string): string {
  const share = shareOf(filter)
  if (share === undefined) return withTenant(tenant, filter)
  return `$share/${share.group}/${withTenant(tenant, share.filter)}`
}
