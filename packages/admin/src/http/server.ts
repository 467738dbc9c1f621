/** HTTP in, routes out: every request passes the same checks, in the same order. */
import type { HttpBindings } from '@hono/node-server'
import { getRequestListener } from '@hono/node-server'
import { isStackError } from '@mqtt-stack/core'
import { Hono } from 'hono'
import type { Desk } from '../desk.ts'
import type { Bearer } from '../tokens.ts'
import { mayAct } from '../tokens.ts'
import { bodyOf } from './body.ts'
import type { Door } from './door.ts'
import { readFields } from './fields.ts'
import { checkHost, checkSite, HEADERS } from './guard.ts'
import type { ProblemCode } from './problem.ts'
import { isProblem, Problem, problemResponse } from './problem.ts'
import type { Route } from './route.ts'
import { nameOfSegment } from './segment.ts'

export interface AppParts {
  readonly desk: Desk
  /** Nobody stands there where no token is asked for. */
  readonly door: Door | undefined
  readonly routes: readonly Route[]
  /** Answers what no route is for: files of the dashboard. */
  readonly fallback?: ((path: string) => Promise<Response | undefined>) | undefined
}

/** What an error of core means to whoever asked. */
const CODES: Readonly<Record<string, ProblemCode>> = {
  OPTION_UNKNOWN: 'bad-request',
  OPTION_MISSING: 'bad-request',
  OPTION_INVALID: 'bad-request',
  TOPIC_INVALID: 'bad-request',
  FILTER_INVALID: 'bad-request',
  FILE_INVALID: 'cannot-be-done',
  CONFIG_INVALID: 'cannot-be-done',
  LISTEN_FAILED: 'cannot-be-done',
  STALE_EPOCH: 'conflict',
  CALLBACK_UNANSWERED: 'not-available',
  CALLBACK_UNKNOWN: 'not-available',
  STORE_FAILED: 'unavailable',
  BACKEND_STOPPED: 'unavailable',
  STACK_STOPPED: 'unavailable',
  NODE_LOST: 'unavailable',
}

/** Somebody who may not ask, or not that, or not now. */
const REFUSALS: ReadonlySet<ProblemCode> = new Set([
  'no-token',
  'wrong-token',
  'not-allowed',
  'unknown-host',
  'cross-site',
  'too-many',
])

/** Answers requests of node:http. */
export function listenerOf(parts: AppParts): ReturnType<typeof getRequestListener> {
  return getRequestListener(makeApp(parts).fetch, { overrideGlobalObjects: false })
}

export function makeApp({ desk, door, routes, fallback }: AppParts): Hono {
  const app = new Hono()
  app.use('*', async (c, next) => {
    checkHost(c.req.header('host'), desk.config.hosts)
    checkSite(c.req.raw.headers)
    await next()
    // Nobody reads on behind the head: what is live would never end.
    if (c.req.method === 'HEAD') await c.res.body?.cancel()
    for (const [name, value] of Object.entries(HEADERS)) if (!c.res.headers.has(name)) c.header(name, value)
  })
  for (const one of routes) {
    const path = one.path.replace(/\{(\w+)\}/g, ':$1')
    app.on(one.method, path, async (c) => {
      const bearer = await enter(one, door, c.req.header('authorization'))
      return answer(one, desk, c.req.raw, namesOf(c.req.param()), bearer)
    })
  }
  app.notFound(async (c) => {
    const { path, method } = c.req
    const found = method === 'GET' || method === 'HEAD' ? await fallback?.(path) : undefined
    if (found !== undefined) return found
    const others = routes.filter((one) => patternOf(one.path).test(path)).map((one) => one.method)
    if (others.length > 0)
      throw new Problem('wrong-method', `${path} takes ${others.join(', ')}`, { allow: others.join(', ') })
    throw new Problem('not-found', `there is nothing at ${path}: /openapi.json says what there is`)
  })
  app.onError((error, c) => {
    const problem = problemOf(error, desk)
    if (REFUSALS.has(problem.code))
      desk.stack.log.event('admin.refused', {
        remote: remoteOf(c.env as Partial<HttpBindings> | undefined),
        cause: problem.message,
      })
    return withHeaders(problemResponse(problem))
  })
  return app
}

async function enter(
  one: Route,
  door: Door | undefined,
  authorization: string | undefined,
): Promise<Bearer | undefined> {
  if (one.role === undefined || door === undefined) return undefined
  const bearer = await door.enter(authorization ?? null)
  if (mayAct(bearer.role, one.role)) return bearer
  throw new Problem('not-allowed', `this token may ${bearer.role}, and this needs one that may ${one.role}`)
}

async function answer(
  one: Route,
  desk: Desk,
  request: Request,
  params: Readonly<Record<string, string>>,
  bearer: Bearer | undefined,
): Promise<Response> {
  const { stack, config } = desk
  const { signal, abort } = withTimeout(request.signal, config.timeout, stack.clock)
  let run: Promise<unknown> | undefined
  try {
    const call = {
      params: readFields(one.params, params, 'path'),
      query: readFields(one.query, queryOf(request.url), 'query'),
      body:
        one.body === undefined
          ? {}
          : readFields(one.body, await bodyOf(request, one.body, config.bodyLimit), 'body'),
      signal,
      role: bearer?.role,
      desk,
    }
    run = Promise.resolve(one.run(call))
    const said = await Promise.race([run, ended(signal, config.timeout)])
    if (bearer !== undefined && one.role === 'operate' && one.method !== 'GET')
      stack.log.event('admin.acted', {
        by: bearer.name,
        did: `${one.method} ${one.path}`,
        target: targetOf(one.path, params),
        given: givenOf(one.told, { ...call.query, ...call.body }),
      })
    if (said instanceof Response) return said
    if (one.answer === undefined) return new Response(null, { status: 204 })
    return new Response(`${JSON.stringify(said)}\n`, { headers: { 'content-type': 'application/json' } })
  } catch (error) {
    run?.then(discard, () => {})
    throw error
  } finally {
    abort()
  }
}

/** What comes too late is read by nobody: what is live gives its place back. */
function discard(said: unknown): void {
  if (said instanceof Response) said.body?.cancel().catch(() => {})
}

function namesOf(params: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(params).map(([key, segment]) => [key, nameOfSegment(segment)]))
}

/** What the path names, in its order: `PasswordAuth ann`. */
function targetOf(path: string, params: Readonly<Record<string, string>>): string | undefined {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => params[name])
  return names.length > 0 ? names.join(' ') : undefined
}

/** What was said besides, as far as the log may tell it: `clientId "a", seconds 60`. */
function givenOf(told: readonly string[], said: Readonly<Record<string, unknown>>): string | undefined {
  const given = told.filter((name) => said[name] !== undefined)
  return given.map((name) => `${name} ${JSON.stringify(said[name])}`).join(', ') || undefined
}

/** A name that is said twice is refused: two readers would not agree on it. */
function queryOf(url: string): Record<string, unknown> {
  const said = new Map<string, unknown>()
  for (const [name, value] of new URL(url).searchParams) {
    if (said.has(name)) throw new Problem('bad-request', `query: "${name}" is said twice`)
    said.set(name, value)
  }
  return Object.fromEntries(said)
}

/** Ends when whoever asks has gone, or the time is over. */
function withTimeout(
  gone: AbortSignal,
  ms: number,
  clock: Desk['stack']['clock'],
): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  const timer = clock.after(ms, abort)
  if (gone.aborted) abort()
  gone.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    abort: () => {
      timer.cancel()
      gone.removeEventListener('abort', abort)
    },
  }
}

function ended(signal: AbortSignal, ms: number): Promise<never> {
  return new Promise((_, reject) => {
    const late = (): void => reject(new Problem('took-too-long', `this took longer than ${ms} ms`))
    if (signal.aborted) late()
    signal.addEventListener('abort', late, { once: true })
  })
}

function problemOf(error: Error, { stack }: Desk): Problem {
  if (isProblem(error)) return error
  const code = isStackError(error) ? CODES[error.code] : undefined
  if (code !== undefined) return new Problem(code, error.message)
  stack.log.event('admin.failed', { cause: error.message }, error)
  return new Problem('went-wrong', 'something went wrong here: the log says what')
}

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS))
    if (!response.headers.has(name)) response.headers.set(name, value)
  return response
}

/** Where a request comes from, by its socket. */
function remoteOf(env: Partial<HttpBindings> | undefined): string {
  const { remoteAddress: address, remotePort: port } = env?.incoming?.socket ?? {}
  if (address === undefined) return 'somebody'
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)
}
