import type { QoS } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import { AddressRange } from './address-range.ts'
import type { AclAction, AclRule, Rule } from './rule.ts'
import { ACTIONS, wordOf } from './rule.ts'
import { TopicPattern } from './topic-pattern.ts'

/** The letters of all placeholders. */
const NAMES = 'ucg%'
const KEYS: readonly string[] = [
  'allow',
  'deny',
  'topic',
  'user',
  'group',
  'client',
  'address',
  'listener',
  'anonymous',
  'qos',
  'retain',
  'source',
] satisfies (keyof AclRule)[]

/** How a rule of Mosquitto is read. */
export interface Dialect {
  /** Letters of placeholders; `undefined`: there are none. */
  readonly names: string | undefined
  readonly strict: boolean
  readonly plainNames: boolean
}

const OUR_DIALECT: Dialect = { names: NAMES, strict: true, plainNames: false }

/** @param where `rules.acl:3`, or `rule 3`. */
export function ruleError(where: string, what: string): StackError {
  return new StackError('OPTION_INVALID', `acl: ${where}: ${what}`)
}

/**
 * Reads a rule.
 * @param number Its place among the rules, from 1.
 * @throws StackError `OPTION_INVALID`, naming the rule and what to write.
 */
export function readRule(given: AclRule, number: number, dialect: Dialect = OUR_DIALECT): Rule {
  const where = sourceOf(given) ?? `rule ${number}`
  const fail = (what: string): never => {
    throw ruleError(where, what)
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    fail(`a rule is an object, as { allow: "publish", topic: "a/#" }, not ${JSON.stringify(given)}`)
  for (const key of Object.keys(given))
    if (!KEYS.includes(key)) fail(`unknown key "${key}" (known: ${KEYS.join(', ')})`)
  const { allow, deny, anonymous = false, retain, source } = given
  if ((allow === undefined) === (deny === undefined)) fail('a rule has either "allow" or "deny"')
  const actions = listOf('action', allow ?? deny, fail).map((action) => readAction(action, fail))
  const users = namesOf('user', given.user, fail)
  if (typeof anonymous !== 'boolean') fail('"anonymous" is true or false')
  if (anonymous && users !== undefined) fail('a rule for "anonymous" clients names no "user": they have none')
  if (retain !== undefined && typeof retain !== 'boolean') fail('"retain" is true or false')
  if (retain !== undefined && actions.some((action) => action === 'subscribe' || action === 'receive'))
    fail('"retain" is for "publish" and "will": put the other actions into a rule of their own')
  return {
    number,
    source,
    allow: allow !== undefined,
    actions,
    topics: listOf('topic', given.topic, fail).map((text) => readTopic(text, dialect, fail)),
    users,
    groups: namesOf('group', given.group, fail),
    clients: namesOf('client', given.client, fail),
    ranges: readRanges(given.address, fail),
    listeners: namesOf('listener', given.listener, fail),
    anonymous,
    qos: readQoS(given, actions, fail),
    retain,
    plainNames: dialect.plainNames,
    conditions: conditionsOf(given),
  }
}

type Fail = (what: string) => never

function sourceOf(given: AclRule): string | undefined {
  return typeof given?.source === 'string' ? given.source : undefined
}

function readAction(text: string, fail: Fail): AclAction {
  const action = ACTIONS.find((one) => one === text)
  return action ?? fail(`unknown action "${text}": publish, subscribe, receive or will`)
}

function readTopic(text: string, { names, strict }: Dialect, fail: Fail): TopicPattern {
  const pattern = TopicPattern.parse(text, names, strict)
  return typeof pattern === 'string' ? fail(pattern) : pattern
}

function readQoS({ qos, allow }: AclRule, actions: readonly AclAction[], fail: Fail): QoS {
  if (qos === undefined) return 2
  if (qos !== 0 && qos !== 1 && qos !== 2) fail(`"qos" is 0, 1 or 2, not ${JSON.stringify(qos)}`)
  if (allow === undefined) fail('"qos" is the highest that a rule allows: leave it out of "deny"')
  if (actions.includes('receive'))
    fail('"qos" is not for "receive": what a subscription is granted says how its messages come')
  return qos
}

function readRanges(given: AclRule['address'], fail: Fail): AddressRange[] | undefined {
  if (given === undefined) return undefined
  return listOf('address', given, fail).map(
    (text) =>
      AddressRange.parse(text) ??
      fail(`"${text}" is no address: write one as 192.0.2.7, 10.0.0.0/8 or 2001:db8::/32`),
  )
}

function namesOf(key: string, given: unknown, fail: Fail): ReadonlySet<string> | undefined {
  return given === undefined ? undefined : new Set(listOf(key, given, fail))
}

/** One text or several, none of them empty. */
function listOf(key: string, given: unknown, fail: Fail): string[] {
  const list: unknown[] = Array.isArray(given) ? given : [given]
  if (given === undefined || list.length === 0) fail(`"${key}" is missing`)
  return list.map((one) =>
    typeof one === 'string' && one !== ''
      ? one
      : fail(`"${key}" is a text that is not empty, or a list of them, not ${JSON.stringify(one)}`),
  )
}

/** In the words of a file. */
function conditionsOf({ user, group, client, address, listener, anonymous, qos, retain }: AclRule): string {
  const words: string[] = []
  for (const [key, given] of Object.entries({ user, group, client, address, listener }))
    for (const one of given === undefined ? [] : [given].flat()) words.push(`${key} ${wordOf(one)}`)
  if (anonymous === true) words.push('anonymous')
  if (qos !== undefined) words.push(`qos ${qos}`)
  if (retain !== undefined) words.push(`retain ${retain ? 'yes' : 'no'}`)
  return words.map((word) => ` ${word}`).join('')
}
