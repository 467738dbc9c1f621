import { fileProblem, isStackError, nameHint, readRegularSync, StackError } from '@mqtt-stack/core'
import type { Line } from './mosquitto-lines.ts'
import { readMosquitto } from './mosquitto-lines.ts'
import { readRule, ruleError } from './read-rule.ts'
import type { AclRule, Rule } from './rule.ts'
import { readLine } from './rule-line.ts'
import { MOSQUITTOS, OURS, RuleSet, versionOf } from './rule-set.ts'

/** A file's path, and what is in it. */
export interface FileText {
  readonly path: string
  readonly text: string
}

/**
 * Makes the rules of a list and of a file, the list first.
 * @param listeners Names that rules of the file may be for; any without it.
 * @throws StackError `OPTION_INVALID`, naming the rule, or `FILE_INVALID`, naming the line.
 */
export function makeRules(
  rules: readonly AclRule[],
  file: FileText | undefined,
  listeners?: readonly string[],
): RuleSet {
  if (!Array.isArray(rules))
    throw ruleError('rules', `a list of rules is wanted, not ${JSON.stringify(rules)}`)
  const read = rules.map((rule, i) => readRule(rule, i + 1))
  const version = versionOf(rules, file?.text ?? '')
  if (file === undefined) return new RuleSet(read, OURS, version)
  try {
    const made = withFile(read, file, version)
    if (listeners !== undefined) checkListeners(made.rules.slice(read.length), listeners, file.path)
    return made
  } catch (error) {
    const { message, cause } = error as Error
    throw new StackError('FILE_INVALID', message, { cause })
  }
}

/** A rule for a listener that is not there would never decide. */
function checkListeners(rules: readonly Rule[], known: readonly string[], path: string): void {
  for (const { listeners = [], source = path } of rules) {
    const name = [...listeners].find((one) => !known.includes(one))
    if (name === undefined) continue
    const fix = known.length === 0 ? 'no listener has a "name"' : nameHint(name, known)
    throw ruleError(source, `there is no listener "${name}" (${fix})`)
  }
}

function withFile(read: readonly Rule[], file: FileText, version: string): RuleSet {
  const lines = linesOf(file.path, file.text)
  const ours = lines.find(({ text }) => isOurs(text))
  const theirs = lines.find(({ text }) => isTheirs(text))
  if (theirs !== undefined && ours !== undefined) {
    const what = `rules of Mosquitto (${theirs.where}) and of ours (${ours.where}) do not go into one file`
    throw ruleError(file.path, `${what}: their order has different meanings`)
  }
  if (theirs === undefined) return new RuleSet([...read, ...readOurs(lines, read.length)], OURS, version)
  if (read.length > 0) {
    const what = 'a file of Mosquitto stands alone: its order has another meaning'
    throw ruleError(file.path, `${what}; leave the rules out, or write the file in our lines`)
  }
  return new RuleSet(readMosquitto(lines), MOSQUITTOS, version)
}

/**
 * What is in a file of rules.
 * @throws StackError `FILE_INVALID`
 */
export function readText(path: string): FileText {
  try {
    return decodeText(path, readRegularSync(path))
  } catch (error) {
    throw isStackError(error) ? error : unreadable(path, error)
  }
}

/**
 * What is in a file that was read, or why it could not be.
 * @throws StackError `FILE_INVALID`
 */
export function decodeText(path: string, contents: Uint8Array | Error): FileText {
  if (contents instanceof Error) throw unreadable(path, contents)
  try {
    return { path, text: new TextDecoder('utf-8', { fatal: true }).decode(contents) }
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, cause: unknown): StackError {
  const message = `acl: cannot read ${path}: ${fileProblem(cause)}: name a readable file of rules`
  return new StackError('FILE_INVALID', message, { cause })
}

function linesOf(path: string, content: string): Line[] {
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((text, i) => ({ text: text.trim(), where: `${path}:${i + 1}` }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'))
}

function readOurs(lines: readonly Line[], before: number): Rule[] {
  return lines.map(({ text, where }, i) => {
    if (isOurs(text)) return readRule(readLine(text, where), before + i + 1)
    const [word] = text.split(/\s/, 1)
    const ours = 'a rule begins with allow or deny'
    throw ruleError(
      where,
      `unknown word "${word}": ${ours} (a line of Mosquitto with user, topic or pattern)`,
    )
  })
}

function isOurs(text: string): boolean {
  return /^(allow|deny)(\s|$)/.test(text)
}

function isTheirs(text: string): boolean {
  return /^(user|topic|pattern)(\s|$)/.test(text)
}
