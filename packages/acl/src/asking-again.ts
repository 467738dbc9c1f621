import type {
  Author,
  AuthorizeStore,
  Client,
  QoS,
  SessionSummary,
  Stack,
  SubscriptionRecord,
  WaitingMessage,
} from '@mqtt-stack/core'
import { shareOf } from '@mqtt-stack/core'
import { Rights } from './rights.ts'
import type { RuleSet } from './rule-set.ts'
import { awayOf } from './subject.ts'

/** Sessions that are looked up at a time. */
const PAGE = 100
/** Authors whose rights are remembered while messages are gone through. */
const AUTHORS = 10_000

/** What went because of rules that changed. */
export interface Revoked {
  readonly subscriptions: number
  /** Subscriptions that go on with another QoS. */
  readonly regranted: number
  /** Messages that waited. */
  readonly waiting: number
  readonly retained: number
  readonly wills: number
}

/** What somebody who is connected may do. */
export type RightsOf = (client: Client) => Rights

/** Goes through what earlier rules allowed: subscriptions, and what waits or is retained because of somebody's right to publish. */
export class AskingAgain {
  readonly #stack: Stack
  readonly #rules: RuleSet
  readonly #rightsOf: RightsOf
  /** Whether the rules are those that decide. */
  readonly #isCurrent: () => boolean
  readonly #authors = new Map<string, Rights>()
  #subscriptions = 0
  #regranted = 0
  #waiting = 0

  constructor(stack: Stack, rules: RuleSet, rightsOf: RightsOf, isCurrent: () => boolean) {
    this.#stack = stack
    this.#rules = rules
    this.#rightsOf = rightsOf
    this.#isCurrent = isCurrent
  }

  /**
   * Ends where the rules have changed again: others ask then.
   * @param atStart Of what a store has kept. Who published what waits for clients is not looked at then, for that would
   *   read all of it from a disk; nor what nobody known has published, which may be older than the first rules.
   */
  async run(atStart: boolean): Promise<Revoked> {
    await this.#endSubscriptions()
    const connected = new Map([...this.#stack.clients].map((client) => [client.session.clientId, client]))
    const isSpared = (author: Author | undefined): boolean => atStart && author?.identity === undefined
    const isRevoked = ({ packet, publisher }: WaitingMessage): boolean => {
      if (isSpared(publisher)) return false
      const rights = this.#rightsOfAuthor(publisher, connected)
      const { topic, qos, retain } = packet
      if (rights === undefined || rights.mayPublish(topic, qos, retain)) return false
      // It may be a will that was published.
      return !rights.publish('will', topic, qos, retain).allowed
    }
    const isRevokedWill = ({ packet, publisher }: WaitingMessage): boolean => {
      if (isSpared(publisher)) return false
      const rights = this.#rightsOfAuthor(publisher, connected)
      return rights?.publish('will', packet.topic, packet.qos, packet.retain).allowed === false
    }
    const { waiting } = atStart ? { waiting: 0 } : await this.#purge('waiting', isRevoked)
    const { retained } = await this.#purge('retained', isRevoked)
    const { wills } = await this.#purge('wills', isRevokedWill)
    return {
      subscriptions: this.#subscriptions,
      regranted: this.#regranted,
      waiting: this.#waiting + waiting,
      retained,
      wills,
    }
  }

  #purge(
    only: 'waiting' | 'retained' | 'wills',
    where: (message: WaitingMessage) => boolean,
  ): Promise<{ waiting: number; retained: number; wills: number }> {
    if (!this.#isCurrent()) return Promise.resolve({ waiting: 0, retained: 0, wills: 0 })
    return this.#stack.call('purgeMessages', { only, where })
  }

  async #endSubscriptions(): Promise<void> {
    let page: SessionSummary[] = []
    if (!this.#stack.answers('lookupSessions') || !this.#stack.answers('lookupSubscriptions')) return
    do {
      page = await this.#stack.call('lookupSessions', { after: page.at(-1)?.clientId, limit: PAGE })
      for (const session of page) if (this.#isCurrent()) await this.#endOf(session)
    } while (page.length === PAGE && this.#isCurrent())
  }

  async #endOf({ clientId, identity, client, subscriptions }: SessionSummary): Promise<void> {
    if (subscriptions === 0) return
    const rights =
      client === undefined ? new Rights(this.#rules, awayOf(clientId, identity)) : this.#rightsOf(client)
    const { pace, log } = this.#stack
    let ended = 0
    for (const subscription of await this.#stack.call('lookupSubscriptions', { clientId })) {
      if (pace.spent) await pace.rest()
      const { topic } = subscription
      const filter = shareOf(topic)?.filter ?? topic
      const verdict = rights.subscribe(filter)
      if (verdict.allowed) {
        await this.#regrant(clientId, client, subscription, verdict.qos)
        continue
      }
      const { existed } = await this.#stack.call('endSubscription', { clientId, topic })
      if (existed !== true) continue
      ended++
      const cause = rights.reason(verdict, 'subscribe', filter)
      log.event('subscription.ended', { clientId, topic, cause })
    }
    if (ended === 0) return
    this.#subscriptions += ended
    this.#waiting += await purgeUnreadable(this.#stack, clientId, rights)
  }

  /** At most the QoS that a rule allows from now on; and again as much as was asked for, if all others allow that too. */
  async #regrant(
    clientId: string,
    client: Client | undefined,
    { topic, qos, options }: SubscriptionRecord,
    most: QoS,
  ): Promise<void> {
    let now = Math.min(options.qos, most)
    // For more all others have to be asked: of a client that is away when it is back.
    if (now > qos) now = client === undefined ? qos : await this.#askAll(client, options)
    if (now === qos || now >= 0x80 || !this.#isCurrent()) return
    const granted = { clientId, topic, qos: now as QoS }
    const { existed } = await this.#stack.call('regrantSubscription', granted)
    if (existed !== true) return
    this.#regranted++
    this.#stack.log.event('subscription.regranted', { clientId, topic, qos: now, before: qos })
  }

  /** What all who have a say grant, as for a SUBSCRIBE, without anything happening. */
  async #askAll(client: Client, asked: SubscriptionRecord['options']): Promise<number> {
    const share = shareOf(asked.topic)
    const packet = {
      cmd: 'subscribe' as const,
      packetId: 1,
      subscriptions: [share === undefined ? asked : { share, ...asked, topic: share.filter }],
    }
    const store: AuthorizeStore = { grants: [asked.qos] }
    await this.#stack.call('authorizePacket', { client, packet, action: 'subscribe', dry: true }, store)
    return store.valid === true ? (store.grants?.[0] ?? 0x80) : 0x80
  }

  /** The broker itself may publish. */
  #rightsOfAuthor(author: Author | undefined, connected: ReadonlyMap<string, Client>): Rights | undefined {
    if (author === undefined || author.clientId === '') return undefined
    const { clientId, identity } = author
    const client = connected.get(clientId)
    if (client !== undefined && client.session.identity === identity && !client.closed)
      return this.#rightsOf(client)
    const key = JSON.stringify([clientId, identity])
    const known = this.#authors.get(key)
    if (known !== undefined) return known
    if (this.#authors.size >= AUTHORS) this.#authors.clear()
    const rights = new Rights(this.#rules, awayOf(clientId, identity))
    this.#authors.set(key, rights)
    return rights
  }
}

/** What waits for a client goes, as far as it may not read it. Answers how many messages those were. */
export async function purgeUnreadable(stack: Stack, clientId: string, rights: Rights): Promise<number> {
  const where = ({ packet }: WaitingMessage): boolean => !rights.mayRead(packet.topic)
  const { waiting } = await stack.call('purgeMessages', { clientId, only: 'waiting', where })
  return waiting
}
