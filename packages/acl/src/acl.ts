import type { Client, Context, Steps, Store } from '@mqtt-stack/core'
import { Middleware, proceed, ReasonCode, Slot } from '@mqtt-stack/core'
import type { AclOptions } from './options.ts'
import { ACL_OPTIONS } from './options.ts'
import { makeRules, readText } from './read-file.ts'
import { Rights } from './rights.ts'
import type { Rule } from './rule.ts'
import type { RuleSet } from './rule-set.ts'
import { subjectOf } from './subject.ts'

/** What a client may do; made at the first question, and again when rules or the client's names have changed. */
const rights = new Slot<Rights | undefined>(() => undefined)

/**
 * Says who may publish, subscribe, receive and leave wills, by rules in code or in a file. The first rule that fits
 * decides, and what none fits is denied.
 */
export class Acl extends Middleware<AclOptions> {
  #rules: RuleSet

  /** @throws StackError `OPTION_INVALID`, naming the rule, or `FILE_INVALID`, naming the line. */
  constructor(options?: AclOptions) {
    super(options, ACL_OPTIONS)
    const { rules = [], file } = this.config
    this.#rules = makeRules(rules, file === undefined ? undefined : readText(file))
  }

  /** The rules that decide now, in their order. */
  get rules(): readonly Rule[] {
    return this.#rules.rules
  }

  start(): void {
    if (this.#rules.rules.length === 0) this.stack.log.warn('acl: there are no rules: nobody may do anything')
  }

  authorizePacket(
    { client, packet, action }: Context<'authorizePacket'>,
    store: Store<'authorizePacket'>,
  ): void | Promise<void> {
    const mine = this.#rightsOf(client)
    if (packet.cmd === 'publish') {
      const { topic, qos, retain } = packet
      if (mine.mayPublish(topic, qos, retain)) {
        store.valid = true
        return
      }
      store.valid = false
      store.reason = mine.reason(mine.publish('publish', topic, qos, retain), 'publish', topic)
      return
    }
    if (packet.cmd === 'subscribe') return proceed(this.#subscribe(mine, packet.subscriptions, store))
    const { topic = '', qos = 0, retain = false } = packet.will ?? {}
    const verdict = mine.publish('will', topic, qos, retain)
    store.valid = verdict.allowed
    store.reason = mine.reason(verdict, action, topic)
  }

  *#subscribe(
    mine: Rights,
    asked: readonly { readonly topic: string }[],
    store: Store<'authorizePacket'>,
  ): Steps {
    const { pace } = this.stack
    for (const [i, { topic }] of asked.entries()) {
      if (pace.spent) yield pace.rest()
      const before = mine.rules.steps
      const verdict = mine.subscribe(topic)
      pace.count(mine.rules.steps - before)
      const { grants } = store
      if (!verdict.allowed) store.reason ??= mine.reason(verdict, 'subscribe', topic)
      if (grants === undefined) {
        if (!verdict.allowed) store.valid = false
      } else if (!verdict.allowed) grants[i] = ReasonCode.NOT_AUTHORIZED
      else grants[i] = Math.min(grants[i], 0x80 > grants[i] ? verdict.qos : grants[i])
    }
    store.valid ??= true
  }

  #rightsOf(client: Client): Rights {
    const known = rights.peek(client)
    const { session } = client
    if (known !== undefined && known.rules === this.#rules) {
      const { user, clientId, groups } = known.subject
      if (groups === session.groups && user === session.identity && clientId === session.clientId)
        return known
    }
    const made = new Rights(this.#rules, subjectOf(client))
    rights.set(client, made)
    return made
  }
}
