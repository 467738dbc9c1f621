import type {
  AskedSubscribe,
  CallbackName,
  Client,
  Context,
  Done,
  Standing,
  Steps,
  Store,
} from '@mqtt-stack/core'
import { DONE, Middleware, proceed, ReasonCode, shareOf } from '@mqtt-stack/core'
import { asked, rightsOf } from './asked.ts'
import type { Revoked } from './asking-again.ts'
import { AskingAgain, purgeUnreadable } from './asking-again.ts'
import { Losers } from './losers.ts'
import type { AclOptions } from './options.ts'
import { ACL_OPTIONS } from './options.ts'
import type { Rights } from './rights.ts'
import type { AclRule, Rule } from './rule.ts'
import type { RuleOwner } from './rule-file.ts'
import { RuleFile } from './rule-file.ts'
import type { RuleSet } from './rule-set.ts'
import { optionsOf, rulesOf } from './rule-source.ts'

const NOTHING: Revoked = { subscriptions: 0, regranted: 0, waiting: 0, retained: 0, wills: 0 }

/**
 * Says who may publish, subscribe, receive and leave wills, by rules in code or in a file. The first rule that fits
 * decides, and what none fits is denied. Where the rules change, what earlier ones allowed is asked about again.
 */
export class Acl extends Middleware<AclOptions> {
  readonly uses: readonly CallbackName[] = [
    'lookupSessions',
    'lookupSubscriptions',
    'endSubscription',
    'regrantSubscription',
    'purgeMessages',
  ]
  /** Deliveries are asked about only where a rule says so, or a right was lost: otherwise nobody is called for them. */
  sendMessage: ((ctx: Context<'sendMessage'>) => Done | undefined) | undefined = undefined
  #given: AclOptions
  #rules: RuleSet
  #started = false
  readonly #file: RuleFile
  /** How often the rules are being asked again; deliveries are asked about meanwhile. */
  #asking = 0
  #walked: Promise<unknown> = Promise.resolve()
  /** What was decided is known of few topics of each client; its names are looked at each time. */
  readonly #standing: Standing = {
    by: this,
    allows: (client, { topic, qos, retain }) => this.#rightsOf(client).hasAllowed(topic, qos, retain),
  }
  /** Clients that have lost a right: how often what waits for them is being gone through now. */
  readonly #losers = new Losers()

  /** @throws StackError `OPTION_INVALID`, naming the rule, or `FILE_INVALID`, naming the line. */
  constructor(options?: AclOptions) {
    super(options, ACL_OPTIONS)
    this.#given = this.config
    this.#rules = rulesOf(this.#given)
    this.#file = new RuleFile(this.#owner())
    this.#guard()
  }

  /** The rules that decide now, in their order. */
  get rules(): readonly Rule[] {
    return this.#rules.rules
  }

  start(): void {
    this.#started = true
    this.#file.watch()
    // It may have changed since it was read.
    this.#use(rulesOf(this.#given))
    // What a store has kept was allowed by the rules that there were then.
    const started = Promise.resolve().then(() => this.stack.started)
    started.then(
      () => this.#rules.rules.length > 0 && this.stack.background(() => this.#walk(true)),
      () => {},
    )
  }

  stop(): void {
    this.#started = false
    this.#file.close()
  }

  /**
   * Other rules, a list or options, from now on; what is left out of the options is there no more. What earlier rules
   * allowed is asked about again: subscriptions, of clients that are connected or away, messages that wait or are
   * retained, and wills.
   * @returns What went, when all was asked; before the start that is nothing.
   * @throws StackError `OPTION_UNKNOWN`, `OPTION_INVALID` or `FILE_INVALID`; nothing has changed then.
   */
  async replace(given: readonly AclRule[] | AclOptions): Promise<Revoked> {
    const options = optionsOf(this.name, given)
    const rules = rulesOf(options)
    this.#given = options
    if (!this.#started) {
      this.#rules = rules
      this.#guard()
      return NOTHING
    }
    this.#file.watch()
    this.#use(rules)
    return this.#askAgain()
  }

  authorizePacket(
    { client, packet, action, dry }: Context<'authorizePacket'>,
    store: Store<'authorizePacket'>,
  ): void | Promise<void> {
    const mine = this.#rightsOf(client)
    if (packet.cmd === 'publish') {
      const { topic, qos, retain } = packet
      store.valid = mine.mayPublish(topic, qos, retain)
      if (store.valid && dry !== true) {
        store.standing = this.#standing
        return
      }
      store.reason = mine.reason(mine.publish('publish', topic, qos, retain), 'publish', topic)
      return
    }
    if (packet.cmd === 'subscribe') {
      asked.of(client).subscribed = this.#rules
      return proceed(this.#subscribe(mine, packet, store, { client, dry: dry === true }))
    }
    asked.of(client).will = this.#rules
    const { topic = '', qos = 0, retain = false } = packet.will ?? {}
    const verdict = mine.publish('will', topic, qos, retain)
    store.valid = verdict.allowed
    store.reason = mine.reason(verdict, action, topic)
  }

  lookupRules(ctx: Context<'lookupRules'>, store: Store<'lookupRules'>): void {
    if (ctx.provider === undefined || ctx.provider === this.name) store.push(this.#file.list(ctx))
  }

  /** @throws StackError `OPTION_INVALID` for what is no rule, `FILE_INVALID` where the file cannot be written. */
  storeRule(ctx: Context<'storeRule'>, store: Store<'storeRule'>): void | Promise<void> {
    if (ctx.provider === this.name) return this.#file.change(ctx, store)
  }

  /** @throws StackError `FILE_INVALID` where the file cannot be written. */
  removeRule(ctx: Context<'removeRule'>, store: Store<'removeRule'>): void | Promise<void> {
    if (ctx.provider === this.name) return this.#file.change({ ...ctx, remove: true }, store)
  }

  /** The rules may have changed between the question and the subscription. */
  topicSubscribed({ client, topic, qos }: Context<'topicSubscribed'>): void | Promise<void> {
    if (asked.of(client).subscribed === this.#rules) return
    const verdict = this.#rightsOf(client).subscribe(shareOf(topic)?.filter ?? topic)
    if (!verdict.allowed) return this.#end(client, topic)
    if (verdict.qos >= qos || !this.stack.answers('regrantSubscription')) return
    const granted = { clientId: client.id, topic, qos: verdict.qos }
    return this.stack.call('regrantSubscription', granted).then(() => {})
  }

  /** So may they between the question and the will. */
  clientConnected({ client }: Context<'clientConnected'>): void | Promise<void> {
    const { will } = client
    if (will === undefined || asked.of(client).will === this.#rules) return
    const { topic, qos, retain } = will.packet
    if (this.#rightsOf(client).publish('will', topic, qos, retain).allowed) return
    const author = { clientId: client.id }
    return this.stack.call('purgeMessages', { author, only: 'wills' }).then(() => {})
  }

  *#subscribe(
    mine: Rights,
    { packetId, subscriptions }: AskedSubscribe,
    store: Store<'authorizePacket'>,
    { client, dry }: { readonly client: Client; readonly dry: boolean },
  ): Steps {
    const { pace } = this.stack
    // Of a session that is resumed there is no packet that has an identifier.
    const isRestored = packetId === 0
    for (const [i, { topic }] of subscriptions.entries()) {
      if (pace.spent) yield pace.rest()
      const before = mine.rules.steps
      const verdict = mine.subscribe(topic)
      pace.count(mine.rules.steps - before)
      const { grants } = store
      if (dry) store.reason = mine.explain(verdict, topic)
      else if (!verdict.allowed) store.reason ??= mine.reason(verdict, 'subscribe', topic)
      if (!verdict.allowed && isRestored) this.#noteLoss(client, mine)
      if (grants === undefined) {
        if (!verdict.allowed) store.valid = false
      } else if (!verdict.allowed) grants[i] = ReasonCode.NOT_AUTHORIZED
      else if (grants[i] < 0x80) grants[i] = Math.min(grants[i], verdict.qos)
    }
    store.valid ??= true
  }

  async #end(client: Client, topic: string): Promise<void> {
    await this.#guarded(client, async () => {
      await this.stack.call('endSubscription', { clientId: client.id, topic })
      await purgeUnreadable(this.stack, client.id, this.#rightsOf(client))
    })
  }

  /** A stored session is resumed without a right that it had: what waits because of that right goes. */
  #noteLoss(client: Client, mine: Rights): void {
    if (this.#losers.has(client)) return
    const purge = () => purgeUnreadable(this.stack, client.session.clientId, mine)
    this.stack.background(() => this.#guarded(client, purge))
  }

  /** Its deliveries are asked about until what waits for it was gone through. */
  async #guarded(client: Client, work: () => Promise<unknown>): Promise<void> {
    this.#losers.add(client)
    this.#guard()
    try {
      await work()
    } finally {
      this.#losers.remove(client)
      this.#guard()
    }
  }

  #rightsOf(client: Client): Rights {
    return rightsOf(client, this.#rules)
  }

  #use(rules: RuleSet): void {
    this.#rules = rules
    if (rules.rules.length === 0) this.stack.log.event('acl.empty', {})
    this.#guard()
  }

  /** What the file of rules needs of this. */
  #owner(): RuleOwner {
    const acl = this
    return {
      get name() {
        return acl.name
      },
      get stack() {
        return acl.stack
      },
      get given() {
        return acl.#given
      },
      get inForce() {
        return acl.#rules
      },
      take(rules) {
        acl.#use(rules)
        acl.stack.background(() => acl.#askAgain())
      },
    }
  }

  async #askAgain(): Promise<Revoked> {
    this.#asking++
    this.#guard()
    try {
      const revoked = await this.#walk(false)
      this.stack.log.event('acl.asked-again', { ...revoked })
      return revoked
    } finally {
      this.#asking--
      this.#guard()
    }
  }

  /** One walk at a time; one by rules that are in force no more is over soon. */
  async #walk(atStart: boolean): Promise<Revoked> {
    const rules = this.#rules
    const isCurrent = (): boolean => rules === this.#rules
    const walk = new AskingAgain(this.stack, rules, (client) => this.#rightsOf(client), isCurrent)
    const result = this.#walked.then(() => walk.run(atStart))
    this.#walked = result.catch(() => {})
    return result
  }

  /** Answers sendMessage as long as somebody has to be asked. */
  #guard(): void {
    const answer =
      this.#asking > 0 || !this.#losers.isEmpty
        ? this.#sendGuarded
        : this.#rules.asksReceive
          ? this.#send
          : undefined
    if (answer === this.sendMessage) return
    this.sendMessage = answer
    ;(this as { stack?: Acl['stack'] }).stack?.refresh()
  }

  readonly #send = ({ client, topic }: Context<'sendMessage'>): Done | undefined =>
    this.#rightsOf(client).mayReceive(topic) ? undefined : DONE

  /** While subscriptions are being ended: what their right was lost to is not delivered any more. */
  readonly #sendGuarded = ({ client, topic }: Context<'sendMessage'>): Done | undefined => {
    const rights = this.#rightsOf(client)
    const isAsked = this.#asking > 0 || this.#losers.has(client)
    return (isAsked ? rights.mayRead(topic) : rights.mayReceive(topic)) ? undefined : DONE
  }
}
