/** One change of a file of rules: checked as at the start, then written as a whole. */
import { Buffer } from 'node:buffer'
import type { Context, RuleChange } from '@mqtt-stack/core'
import { replaceFile } from '@mqtt-stack/core/users'
import type { RuleEdit } from './edit-rules.ts'
import { editRules } from './edit-rules.ts'
import type { AclOptions } from './options.ts'
import { makeRules } from './read-file.ts'
import { ruleError } from './read-rule.ts'
import type { RuleSet } from './rule-set.ts'
import { versionOf } from './rule-set.ts'
import { changedRules } from './rule-source.ts'

/** What somebody asks for. */
export type Asked =
  | (Context<'storeRule'> & { readonly remove?: undefined })
  | (Context<'removeRule'> & { readonly remove: true })

/**
 * Answers the rules that are written; `undefined` where the store says why none are.
 * @param given What the rules in force were made of, with a file.
 * @throws StackError `OPTION_INVALID` for what is no rule, `FILE_INVALID` where the file cannot be used, or could not be with
 *   the change in it.
 */
export async function writeRules(
  given: AclOptions,
  inForce: RuleSet,
  asked: Asked,
  store: RuleChange,
): Promise<RuleSet | undefined> {
  const { rules = [], file = '' } = given
  store.version = inForce.version
  if (asked.version !== inForce.version) {
    refuse(store, 'stale', 'the rules have changed since: look at them again')
    return undefined
  }
  const edit = editOf(asked, { own: rules.length, count: inForce.rules.length }, store)
  if (edit === undefined) return undefined
  let made: RuleSet | undefined
  try {
    await replaceFile(file, async (text = '') => {
      checkUnchanged(given, text, asked.version, store)
      const changed = editRules(text, edit)
      made = changedRules(given, file, Buffer.from(changed))
      return changed
    })
  } catch (error) {
    if (store.outcome === undefined) throw error
    return undefined
  }
  const to = edit.kind === 'remove' ? undefined : (edit.to ?? inForce.rules.length - rules.length)
  store.outcome = 'changed'
  store.version = made?.version
  if (to !== undefined) store.place = rules.length + to + 1
  return made
}

/** Somebody else may have written the file: it is not overwritten, and what is wrong with it is said. */
function checkUnchanged(
  { rules = [], file = '' }: AclOptions,
  text: string,
  version: string,
  store: RuleChange,
): void {
  if (versionOf(rules, text) === version) return
  makeRules(rules, { path: file, text })
  const reason = `${file} has changed since: it is read again within seconds; look at the rules again then`
  refuse(store, 'stale', reason)
  throw new Error(reason)
}

/** How many rules there are: of the option `rules`, which come first, and in all. */
interface Places {
  readonly own: number
  readonly count: number
}

function editOf(asked: Asked, places: Places, store: RuleChange): RuleEdit | undefined {
  const { own, count } = places
  const { place } = asked
  if (place !== undefined && !isPlace(place, count, store)) return undefined
  if (place !== undefined && place <= own) {
    refuse(store, 'read-only', `rule ${place} is of the option "rules", not of the file: change it there`)
    return undefined
  }
  if (asked.remove) return { kind: 'remove', index: asked.place - own - 1 }
  const { to } = asked
  const text = asked.text === undefined ? undefined : lineOf(asked.text)
  const last = place === undefined ? count + 1 : count
  if (to !== undefined && !isPlace(to, last, store)) return undefined
  if (to !== undefined && to <= own) {
    const reason = `the rules of the option "rules" come first: a rule of the file can be at ${own + 1} to ${last}`
    refuse(store, 'read-only', reason)
    return undefined
  }
  if (place !== undefined) {
    if (text === undefined && to === undefined) throw ruleError('the rule', 'say how it is to be, or where')
    return { kind: 'change', index: place - own - 1, to: (to ?? place) - own - 1, text }
  }
  if (text === undefined) throw ruleError('the rule', 'say how it is to be: allow publish a/#')
  return { kind: 'add', to: to === undefined ? undefined : to - own - 1, text }
}

function isPlace(place: number, last: number, store: RuleChange): boolean {
  if (Number.isInteger(place) && place >= 1 && place <= last) return true
  refuse(store, 'missing', `there is no place ${place}: places are 1 to ${last}`)
  return false
}

/** A rule as it is to stand in the file: one line, and one of ours. */
function lineOf(text: string): string {
  const line = text.trim()
  if (/\p{Cc}/u.test(line.replaceAll('\t', ' ')))
    throw ruleError('the rule', 'it is one line, without control characters')
  if (!/^(allow|deny)\s/.test(line))
    throw ruleError('the rule', `it begins with allow or deny, as in: allow publish a/#`)
  return line
}

function refuse(store: RuleChange, outcome: NonNullable<RuleChange['outcome']>, reason: string): void {
  store.outcome = outcome
  store.reason = reason
}
