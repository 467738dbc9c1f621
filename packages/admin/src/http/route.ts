/** One row of the table of routes: who may ask what, what it must say, and who answers it. */
import type { Desk } from '../desk.ts'
import type { Role } from '../tokens.ts'
import type { Fields, JsonSchema, Read } from './fields.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What a handler is given. */
export interface Call<P extends Fields, Q extends Fields, B extends Fields> {
  /** Of the path. */
  readonly params: Read<P>
  readonly query: Read<Q>
  readonly body: Read<B>
  /** Whoever asked has gone, or it took too long. */
  readonly signal: AbortSignal
  readonly role: Role | undefined
  readonly desk: Desk
}

/** A row, with the types that its fields have. */
export interface RouteSpec<P extends Fields, Q extends Fields, B extends Fields> {
  readonly method: Method
  /** `/api/clients/{clientId}`. */
  readonly path: string
  /** Whose token is needed; `undefined`: nobody's. */
  readonly role: Role | undefined
  /** Groups routes in the documentation. */
  readonly tag: string
  /** One line. */
  readonly summary: string
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  /** Of query and body, what the log tells where something is done: never a secret or a payload. */
  readonly told?: readonly (keyof Q | keyof B)[]
  /** What comes with 200; a route without it answers 204. */
  readonly answer?: JsonSchema
  /** What comes where it is no JSON. */
  readonly type?: string
  /** Had without a token on the listener `open`. */
  readonly open?: boolean
  /** What is answered: a value of JSON, nothing, or a whole response. */
  readonly run: (call: Call<P, Q, B>) => unknown
}

/** A row as the server sees it. */
export interface Route
  extends Omit<RouteSpec<Fields, Fields, Fields>, 'run' | 'params' | 'query' | 'body' | 'told'> {
  readonly params: Fields
  readonly query: Fields
  readonly body: Fields | undefined
  readonly told: readonly string[]
  readonly run: (call: Call<Fields, Fields, Fields>) => unknown
}

/** A row whose handler is typed by its fields. */
export function route<
  P extends Fields = Record<never, never>,
  Q extends Fields = Record<never, never>,
  B extends Fields = Record<never, never>,
>(spec: RouteSpec<P, Q, B>): Route {
  const { params = {}, query = {}, body, told = [], run } = spec
  // What is given was read by these fields.
  return { ...spec, params, query, body, told: told.map(String), run: run as unknown as Route['run'] }
}
