/** The API for operators, where somebody wants it: its package is loaded by who does alone. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { AdminChoice } from './broker-options.ts'
import { ADMIN } from './config/sections.ts'
import { lateMiddleware } from './late-middleware.ts'
import type { Place, Placed } from './order.ts'
import { workerIndex } from './workers.ts'

/** It keeps out whom an operator bans: who that is is known behind authentication. */
const BEHIND: Place = 'authentication'
/** As admin has it. */
const USUAL = '127.0.0.1:18080'

/** @throws StackError `OPTION_INVALID` for what is neither options nor a middleware. */
export function adminOf(choice: AdminChoice): readonly Placed[] {
  if (choice === false) return []
  if (choice === true) return [placed(late({}))]
  if (typeof choice !== 'object' || choice === null) {
    const wanted = 'options of admin, a middleware, true or false'
    throw new StackError(
      'OPTION_INVALID',
      `createBroker: option "admin" must be ${wanted}, not ${String(choice)}`,
    )
  }
  return [placed('name' in choice ? (choice as MiddlewareLike) : late(choice))]
}

/** Each worker is a node, with an API of its own: the ports follow each other. */
export function ofWorker(options: object, index: number | undefined = workerIndex): object {
  if (index === undefined || index === 1) return options
  const { listen = USUAL, open } = options as { readonly listen?: unknown; readonly open?: unknown }
  const moved = (place: unknown): unknown =>
    typeof place === 'string' ? place.replace(/[1-9]\d*$/, (port) => `${Number(port) + index - 1}`) : place
  return { ...options, listen: moved(listen), ...(open !== undefined && { open: moved(open) }) }
}

function placed(middleware: MiddlewareLike): Placed {
  return { middleware, after: BEHIND }
}

function late(options: object): MiddlewareLike {
  return lateMiddleware(ADMIN.class, () => makeAdmin(options))
}

/**
 * @param asked Who asks for it, for the error.
 * @throws StackError `OPTION_INVALID` where the package is not there, or refuses the options.
 */
export async function makeAdmin(
  options: object,
  asked: string = 'createBroker: option "admin"',
): Promise<MiddlewareLike> {
  const { Admin } = await import('@mqtt-stack/admin').catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ERR_MODULE_NOT_FOUND'
    const why = missing
      ? `is not installed: npm install ${ADMIN.package}`
      : `cannot be loaded here: ${cause.message}`
    throw new StackError('OPTION_INVALID', `${asked} needs ${ADMIN.package}, which ${why}`, { cause })
  })
  return new Admin(ofWorker(options))
}
