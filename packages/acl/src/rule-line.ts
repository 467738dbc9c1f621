import type { QoS } from '@mqtt-stack/core'
import { ruleError } from './read-rule.ts'
import type { AclAction, AclRule } from './rule.ts'

/** Conditions that may be named several times: any of them will do. */
const LISTS = ['user', 'group', 'client', 'address', 'listener'] as const
type ListKey = (typeof LISTS)[number]

const CONDITIONS = 'user, group, client, address, listener, anonymous, qos or retain'

/**
 * Reads a line of a file: `allow publish,subscribe plant/# user alice qos 1`. A word with blanks in it stands in double
 * quotes.
 * @param where `rules.acl:3`.
 * @throws StackError `OPTION_INVALID`
 */
export function readLine(line: string, where: string): AclRule {
  const words = wordsOf(line, where)
  const [verb, actions, topic, ...conditions] = words
  if (actions === undefined || topic === undefined)
    throw ruleError(where, `a rule has an action and a topic: ${verb} publish a/#`)
  const rule: AclRule = { topic, source: where }
  rule[verb as 'allow' | 'deny'] = actions.split(',') as AclAction[]
  for (let i = 0; i < conditions.length; i += 2) {
    const [key, value] = conditions.slice(i)
    if (key === 'anonymous') {
      rule.anonymous = true
      i--
    } else if (value === undefined && (isList(key) || key === 'qos' || key === 'retain'))
      throw ruleError(where, `"${key}" needs a value behind it`)
    else if (isList(key)) rule[key] = [...((rule[key] as string[] | undefined) ?? []), value]
    else if (key === 'qos') rule.qos = (/^\d$/.test(value) ? Number(value) : value) as QoS
    else if (key === 'retain') rule.retain = readRetain(value, where)
    else throw ruleError(where, `unknown condition "${key}": ${CONDITIONS}`)
  }
  return rule
}

function isList(key: string): key is ListKey {
  return (LISTS as readonly string[]).includes(key)
}

function readRetain(value: string, where: string): boolean {
  if (value === 'yes' || value === 'no') return value === 'yes'
  throw ruleError(where, `"retain" is yes or no, not "${value}"`)
}

function wordsOf(line: string, where: string): string[] {
  const words: string[] = []
  for (const { 0: word } of line.matchAll(/"(?:[^"\\]|\\.)*"(?=\s|$)|\S+/g)) {
    if (!word.startsWith('"')) {
      words.push(word)
      continue
    }
    try {
      words.push(JSON.parse(word) as string)
    } catch (error) {
      const what = `${word}: a word in quotes ends with a quote, and \\ stands before " and \\ in it`
      throw Object.assign(ruleError(where, what), { cause: error })
    }
  }
  return words
}
