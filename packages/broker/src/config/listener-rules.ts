/** Rules that stand under a listener: those of the section `acl` with the listener's name, before all others. */
import type { ConfigValue, ListenerValue, Options } from './config-value.ts'
import type { Parsed, Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import type { Problem } from './problem.ts'
import { ConfigError } from './problem.ts'

/** A configuration whose rules are all in `acl`, and where each of them stands in the file. */
export interface Gathered {
  readonly value: ConfigValue
  /** Of each of `acl.rules`, in their order. */
  readonly rulePaths: readonly Path[]
}

/** @throws ConfigError where a listener has rules and no name, or nothing is said of other listeners. */
export function gatherRules(parsed: Parsed, value: ConfigValue): Gathered {
  const { acl, listeners } = value
  const own = (acl?.rules ?? []).map((_, i) => ['acl', 'rules', i])
  if (listeners === undefined || listeners.every(({ rules }) => rules === undefined))
    return { value, rulePaths: own }
  const problems: Problem[] = []
  const rules: Options[] = []
  const paths: Path[] = []
  for (const [i, listener] of listeners.entries()) {
    const path = ['listeners', i, 'rules']
    const wrong = problemOf(listener, acl)
    if (wrong !== undefined)
      problems.push({ where: parsed.atKey(path), message: `${nameOf(path)}: ${wrong}` })
    for (const [j, rule] of (listener.rules ?? []).entries()) {
      rules.push({ ...rule, listener: listener.name })
      paths.push([...path, j])
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    value: {
      ...value,
      listeners: listeners.map(({ rules: _, ...listener }) => listener as ListenerValue),
      acl: { ...acl, rules: [...rules, ...(acl?.rules ?? [])] },
    },
    rulePaths: [...paths, ...own],
  }
}

function problemOf({ name, rules }: ListenerValue, acl: object | undefined): string | undefined {
  if (rules === undefined) return undefined
  if (name === undefined) return 'they are found by the name of the listener: give it a "name"'
  return acl === undefined
    ? 'nothing says what clients of other listeners may do: add a section "acl" (acl: {} allows them nothing)'
    : undefined
}
