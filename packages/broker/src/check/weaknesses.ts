import type { MiddlewareLike } from '@mqtt-stack/core'
import type { LoadedConfig } from '../config/load-config.ts'
import { problemAt } from '../config/problem-at.ts'
import type { Section } from '../config/sections.ts'
import { ACL, ADMIN, LIMITS, LMDB, METRICS, PROVIDERS, TRACING } from '../config/sections.ts'
import type { Finding } from './finding.ts'

/** Of whom the path of a section is known. */
const SECTIONS: readonly Section[] = [...Object.values(PROVIDERS), ACL, LIMITS, ADMIN, METRICS, TRACING, LMDB]

/**
 * What each middleware says of the files that it would use.
 * @throws ConfigError where it could not start with them, at the section that made it.
 */
export async function weaknessesOf(
  config: LoadedConfig,
  middlewares: readonly MiddlewareLike[],
): Promise<readonly Finding[]> {
  const found: Finding[] = []
  for (const middleware of middlewares) {
    const { path = [] } = SECTIONS.find((section) => section.class === middleware.name) ?? {}
    try {
      for (const message of (await middleware.check?.()) ?? [])
        found.push({ level: 'warning', where: config.parsed.at(path), message })
    } catch (error) {
      throw problemAt(config, path, error as Error)
    }
  }
  return found
}
