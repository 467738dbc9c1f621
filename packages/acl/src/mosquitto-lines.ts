import type { Dialect } from './read-rule.ts'
import { readRule, ruleError } from './read-rule.ts'
import type { AclAction, Rule } from './rule.ts'

const TOPIC: Dialect = { names: undefined, strict: false, plainNames: false }
const PATTERN: Dialect = { names: 'uc', strict: false, plainNames: true }

const ACTIONS_OF: Readonly<Record<string, readonly AclAction[]>> = {
  read: ['receive'],
  write: ['publish'],
  readwrite: ['publish', 'receive'],
  deny: ['publish', 'receive'],
}

/** A line that holds something. */
export interface Line {
  readonly text: string
  /** `rules.acl:3`. */
  readonly where: string
}

/**
 * Reads an ACL file of Mosquitto, in Mosquitto's order: what is denied to a user, then what it is allowed, then what the
 * patterns deny, then what they allow. What stands before the first `user` is for clients that nobody knows.
 * @throws StackError `OPTION_INVALID`
 */
export function readMosquitto(lines: readonly Line[]): Rule[] {
  const topics: Rule[] = []
  const patterns: Rule[] = []
  let user: string | undefined
  for (const { text, where } of lines) {
    const { 0: word = '', index = 0 } = /\S+/.exec(text) ?? {}
    const rest = text.slice(index + word.length).trim()
    if (word === 'user') {
      if (rest === '') throw ruleError(where, '"user" needs a name behind it')
      user = rest
      continue
    }
    if (word !== 'topic' && word !== 'pattern')
      throw ruleError(where, `unknown word "${word}": a line of Mosquitto begins with user, topic or pattern`)
    const number = topics.length + patterns.length + 1
    const { access, topic } = splitAccess(rest, word, where)
    const actions = ACTIONS_OF[access]
    const verb = access === 'deny' ? { deny: actions } : { allow: actions }
    const who = user === undefined ? { anonymous: true } : { user }
    if (word === 'pattern') patterns.push(readRule({ ...verb, topic, source: where }, number, PATTERN))
    else topics.push(readRule({ ...verb, ...who, topic, source: where }, number, TOPIC))
  }
  return [...deniedFirst(topics), ...deniedFirst(patterns)]
}

/** Where more than one word follows, the first says what may be done. */
function splitAccess(rest: string, word: string, where: string): { access: string; topic: string } {
  if (rest === '') throw ruleError(where, `a topic is missing: ${word} read a/#`)
  const blank = rest.search(/\s/)
  if (blank < 0) return { access: 'readwrite', topic: rest }
  const access = rest.slice(0, blank)
  if (!Object.hasOwn(ACTIONS_OF, access))
    throw ruleError(where, `unknown access "${access}": read, write, readwrite or deny`)
  return { access, topic: rest.slice(blank).trim() }
}

function deniedFirst(rules: readonly Rule[]): Rule[] {
  return [...rules.filter(({ allow }) => !allow), ...rules.filter(({ allow }) => allow)]
}
