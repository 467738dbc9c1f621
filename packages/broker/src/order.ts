/** Which middleware stands where: one order serves packets and callbacks. */
import type { MiddlewareLike } from '@mqtt-stack/core'

/**
 * The places of the default stack, first to last. Each is also the option of {@link createBroker} that leaves its
 * middleware out, replaces it or gives it options.
 */
export const ORDER = [
  'packetEmitter',
  'connection',
  'keepalive',
  'authentication',
  'authorize',
  'lastwill',
  'outboundManager',
  'sessionManager',
  'subscriptionManager',
  'inboundManager',
  'retainManager',
  'backend',
] as const

/** A place of the default stack. */
export type Place = (typeof ORDER)[number]

/** Users' middlewares follow it: they may alter or veto before anything is stored. */
const USERS_FOLLOW: Place = 'inboundManager'

/** A middleware that is to stand right before, or right after, a place of the default stack. */
export type Placed = { readonly middleware: MiddlewareLike } & (
  | { readonly before: Place; readonly after?: never }
  | { readonly after: Place; readonly before?: never }
)

/** One entry of `use`: a middleware, or one with its place. */
export type Use = MiddlewareLike | Placed

/** Whether an entry says where it wants to stand. */
export function isPlaced(entry: Use): entry is Placed {
  return 'middleware' in entry
}

/**
 * The whole list: built-ins in their order, and between them the users', in the order of `use`. A place stays where it
 * is when its middleware is left out.
 */
export function arrange(
  builtIns: Readonly<Partial<Record<Place, MiddlewareLike>>>,
  use: readonly Use[],
): MiddlewareLike[] {
  return ORDER.flatMap((place) => [
    ...use.filter((entry) => isPlaced(entry) && entry.before === place),
    ...(builtIns[place] === undefined ? [] : [builtIns[place]]),
    ...use.filter((entry) => isPlaced(entry) && entry.after === place),
    ...(place === USERS_FOLLOW ? use.filter((entry) => !isPlaced(entry)) : []),
  ]).map((entry) => (isPlaced(entry) ? entry.middleware : entry))
}
