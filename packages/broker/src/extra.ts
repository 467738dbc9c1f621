/** What a broker may have besides, where somebody wants it: its package is loaded by who does alone. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { ExtraChoice } from './broker-options.ts'
import type { Section } from './config/sections.ts'
import { lateMiddleware } from './late-middleware.ts'
import type { Place, Placed } from './order.ts'

/** One of them. */
export interface Extra {
  /** The option of `createBroker`, and the section of a configuration. */
  readonly option: 'admin' | 'metrics' | 'tracing'
  readonly section: Section
  readonly place: { readonly before: Place } | { readonly after: Place }
  readonly load: () => Promise<new (options?: object) => MiddlewareLike>
  /** Adds what the package cannot know. */
  readonly complete: (options: object) => object
}

/** @throws StackError `OPTION_INVALID` for what is neither options nor a middleware. */
export function extraOf(extra: Extra, choice: ExtraChoice): readonly Placed[] {
  if (choice === false) return []
  if (choice !== true && (typeof choice !== 'object' || choice === null)) {
    const wanted = `options of ${extra.option}, a middleware, true or false`
    throw new StackError(
      'OPTION_INVALID',
      `createBroker: option "${extra.option}" must be ${wanted}, not ${String(choice)}`,
    )
  }
  const options = choice === true ? {} : choice
  const isMade = 'name' in options
  const late = (): MiddlewareLike => lateMiddleware(extra.section.class, () => makeExtra(extra, options))
  return [{ middleware: isMade ? (options as MiddlewareLike) : late(), ...extra.place }]
}

/**
 * @param asked Who asks for it, for the error.
 * @throws StackError `OPTION_INVALID` where the package is not there, or refuses the options.
 */
export async function makeExtra(
  extra: Extra,
  options: object,
  asked: string = `createBroker: option "${extra.option}"`,
): Promise<MiddlewareLike> {
  const name = extra.section.package
  const Made = await extra.load().catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ERR_MODULE_NOT_FOUND'
    const why = missing ? `is not installed: npm install ${name}` : `cannot be loaded here: ${cause.message}`
    throw new StackError('OPTION_INVALID', `${asked} needs ${name}, which ${why}`, { cause })
  })
  return new Made(extra.complete(options))
}
