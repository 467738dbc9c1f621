import type { Context } from '@mqtt-stack/core'

/** A message that was forwarded to a connected client. */
export interface Forwarded {
  readonly clientId: string
  readonly topic: string
  readonly payload: string
  readonly qos: number
  readonly retain: boolean
  readonly identifiers: readonly number[]
  /** Place in the session's log; none for what is not stored. */
  readonly sequence: number | undefined
  /** By the stack's clock (ms); 0 for never. */
  readonly expiresAt: number
}

/** What was forwarded, oldest first. */
export class Forwards {
  readonly all: Forwarded[] = []

  add(ctx: Context<'forwardMessage'>): void {
    const { client, packet, qos, retain, identifiers = [], sequence, expiresAt } = ctx
    const { topic } = packet
    const payload = packet.payload.toString()
    this.all.push({ clientId: client.id, topic, payload, qos, retain, identifiers, sequence, expiresAt })
  }

  /** What this client got. */
  to(clientId: string): Forwarded[] {
    return this.all.filter((one) => one.clientId === clientId)
  }

  /** The payloads that this client got. */
  payloads(clientId: string): string[] {
    return this.to(clientId).map(({ payload }) => payload)
  }

  clear(): void {
    this.all.length = 0
  }
}
