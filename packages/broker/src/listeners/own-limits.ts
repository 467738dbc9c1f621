/** Limits of a listener's own, and whoever keeps them. */
import type { ListenerLimits, MiddlewareLike, Stack } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'

/** One object while the listener is there: what it holds may change. */
export class OwnLimits implements ListenerLimits {
  readonly owner: string
  options: ListenerLimits['options']

  constructor(owner: string, options: ListenerLimits['options']) {
    this.owner = owner
    this.options = options
  }
}

/** A listener as far as it is named. */
interface Named {
  readonly transport: string
  readonly name?: string | undefined
  readonly limits?: ListenerLimits['options'] | undefined
}

/** Those of one listener, if it has some. */
export function ownLimitsOf({ transport, name, limits }: Named): OwnLimits | undefined {
  if (limits === undefined) return undefined
  return new OwnLimits(`limits of the ${transport} listener${name === undefined ? '' : ` "${name}"`}`, limits)
}

/**
 * Has them kept: all that there are, before a listener with some opens and when they change.
 * @throws StackError `OPTION_INVALID` where nobody keeps limits; what those who do refuse. Nothing has changed then.
 */
export function keepLimits(
  { middlewares }: Pick<Stack, 'middlewares'>,
  all: readonly ListenerLimits[],
): void {
  const keepers = middlewares.filter(keeps)
  if (keepers.length === 0 && all.length > 0) {
    const fix = 'use: [{ middleware: new RateLimit(), before: "authentication" }]'
    throw new StackError(
      'OPTION_INVALID',
      `${all[0]?.owner}: no middleware keeps them: add rate-limit, ${fix}`,
    )
  }
  for (const keeper of keepers) keeper.limitListeners(all)
}

function keeps(
  middleware: MiddlewareLike,
): middleware is MiddlewareLike & Required<Pick<MiddlewareLike, 'limitListeners'>> {
  return middleware.limitListeners !== undefined
}
