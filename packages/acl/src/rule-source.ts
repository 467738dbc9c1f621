import { resolveOptions, StackError } from '@mqtt-stack/core'
import type { AclOptions } from './options.ts'
import { ACL_OPTIONS } from './options.ts'
import { decodeText, makeRules, readText } from './read-file.ts'
import type { AclRule } from './rule.ts'
import type { RuleSet } from './rule-set.ts'

const EMPTIED = 'holds no rule any more: to deny all, write "deny publish,subscribe #"'

/** The rules of options; their file is read. */
export function rulesOf({ rules = [], file, listeners }: AclOptions): RuleSet {
  return makeRules(rules, file === undefined ? undefined : readText(file), listeners)
}

/**
 * The same when the file has changed. One without rules is most likely being written.
 * @throws StackError `FILE_INVALID`
 */
export function changedRules(options: AclOptions, file: string, now: Uint8Array | Error): RuleSet {
  const { rules = [], listeners } = options
  const made = makeRules(rules, decodeText(file, now), listeners)
  if (made.rules.length > 0) return made
  throw new StackError('FILE_INVALID', `acl: ${file} ${EMPTIED}`)
}

/**
 * A list of rules stands for options with it alone.
 * @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`
 */
export function optionsOf(name: string, given: readonly AclRule[] | AclOptions): AclOptions {
  return resolveOptions(name, isList(given) ? { rules: given } : given, ACL_OPTIONS)
}

function isList(given: readonly AclRule[] | AclOptions): given is readonly AclRule[] {
  return Array.isArray(given)
}
