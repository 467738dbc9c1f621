/** What listeners have of their own, read and checked. */
import type { ListenerLimits, OptionSpec, OptionsSpec, Resolved } from '@mqtt-stack/core'
import { resolveOptions, StackError } from '@mqtt-stack/core'
import type { RateLimitOptions } from './options.ts'
import { RATE_LIMIT_OPTIONS } from './options.ts'

/** Options of one listener. */
export interface OwnLimits {
  /** What it says. */
  readonly named: Partial<RateLimitOptions>
  /** What holds there: what it says, and else what holds everywhere. */
  readonly all: Resolved<RateLimitOptions>
}

/** Of one of the options nothing is said: what holds everywhere holds. */
const ROWS = Object.fromEntries(
  Object.entries(RATE_LIMIT_OPTIONS as Readonly<Record<string, OptionSpec>>)
    .filter(([, { perListener }]) => perListener)
    .map(([key, { default: _, ...row }]) => [key, { ...row, optional: true }]),
) as OptionsSpec<RateLimitOptions>

/**
 * @param everywhere What holds where a listener says nothing.
 * @throws StackError `OPTION_UNKNOWN` or `OPTION_INVALID`, naming listener and option.
 */
export function readOwnLimits(
  { owner, options }: ListenerLimits,
  everywhere: Resolved<RateLimitOptions>,
): OwnLimits {
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(RATE_LIMIT_OPTIONS, key) || Object.hasOwn(ROWS, key)) continue
    throw new StackError(
      'OPTION_INVALID',
      `${owner}: option "${key}" holds for the whole broker: give it to RateLimit itself`,
    )
  }
  const resolved = resolveOptions<Partial<RateLimitOptions>>(owner, options, ROWS)
  const named = Object.fromEntries(Object.entries(resolved).filter(([, value]) => value !== undefined))
  return { named, all: { ...everywhere, ...named } }
}
