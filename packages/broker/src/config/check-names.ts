/** Names in a configuration that must be those of something else in it. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { nameHint } from '@mqtt-stack/core'
import type { ReadRule } from '../check/read-rule.ts'
import { isProvider } from '../listeners/check-providers.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import type { Problem } from './problem.ts'
import { ConfigError } from './problem.ts'
import { ANONYMOUS, PROVIDERS } from './sections.ts'

/**
 * A listener may ask the sections of `auth`, and middlewares of `use` by their names.
 * @param own Those of `use`.
 * @throws ConfigError with the line of each name that is none.
 */
export function checkProviderNames(config: LoadedConfig, own: readonly MiddlewareLike[]): void {
  const { value, parsed } = config
  const { auth = {}, listeners = [] } = value
  const known = [...Object.keys(auth), ...own.filter(isProvider).map(({ name }) => name)]
  const problems: Problem[] = []
  for (const [i, { providers = [] }] of listeners.entries()) {
    for (const [j, name] of providers.entries()) {
      if (name === ANONYMOUS || name in PROVIDERS || known.includes(name)) continue
      const path = ['listeners', i, 'providers', j]
      const silent = own.some((one) => one.name === name)
      const why = silent
        ? `${name} says nothing of who clients are: it answers neither authenticateConnection nor authenticateExchange`
        : `neither "auth" nor "use" has "${name}" (${nameHint(name, known)})`
      problems.push({ where: parsed.at(path), message: `${nameOf(path)}: ${why}` })
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
}

/** What the configuration calls its listeners. */
export function listenerNames({ value }: LoadedConfig): string[] {
  return (value.listeners ?? []).map(({ name }) => name).filter((name) => name !== undefined)
}

/**
 * A rule for a listener that is not there would never decide.
 * @param rules As the acl has read them.
 * @throws ConfigError with the line of each such rule.
 */
export function checkListenerNames(config: LoadedConfig, rules: readonly ReadRule[] = []): void {
  const { parsed, rulePaths } = config
  const known = listenerNames(config)
  const problems: Problem[] = []
  for (const [i, { listeners = [] }] of rules.entries()) {
    const at = rulePaths[i]
    // One of a file, which the acl has checked.
    if (at === undefined) continue
    for (const name of listeners) {
      if (known.includes(name)) continue
      const path: Path = [...at, 'listener']
      const fix = known.length === 0 ? 'no listener has a "name"' : nameHint(name, known)
      problems.push({
        where: parsed.at(path),
        message: `${nameOf(path)}: there is no listener "${name}" (${fix})`,
      })
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
}
