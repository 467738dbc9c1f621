/** The broker's API: see docs/admin.md. */

/** A refusal, in the broker's own words. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.status = status
    this.code = code
  }
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}

/** Values of a query; those that are empty are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export class Api {
  readonly #token: string

  constructor(token: string) {
    this.#token = token
  }

  async get<T>(path: string, query: Query = {}): Promise<T> {
    return (await (await this.#ask('GET', withQuery(path, query))).json()) as T
  }

  async send<T = undefined>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: object,
    query: Query = {},
  ): Promise<T> {
    const response = await this.#ask(method, withQuery(path, query), body)
    return (response.status === 204 ? undefined : await response.json()) as T
  }

  /** Server-sent events, until `signal` ends it or they are over. */
  async events(
    path: string,
    query: Query,
    signal: AbortSignal,
    see: (kind: string, data: unknown) => void,
  ): Promise<void> {
    const response = await this.#ask('GET', withQuery(path, query), undefined, signal)
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { value, done } = (await reader?.read()) ?? { value: undefined, done: true }
      if (done) return
      const parts = (text + value).split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const kind = /^event: (.*)$/m.exec(part)?.[1]
        const data = /^data: (.*)$/m.exec(part)?.[1]
        if (kind !== undefined && data !== undefined) see(kind, JSON.parse(data))
      }
    }
  }

  async #ask(method: string, url: string, body?: object, signal?: AbortSignal): Promise<Response> {
    const response = await fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
    // A broker that is not well says so with 503, and tells of itself all the same.
    const isProblem = /problem/.test(response.headers.get('content-type') ?? '')
    if (response.ok || !isProblem) return response
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
    throw new Refusal(response.status, problem.code ?? '', problem.detail ?? response.statusText)
  }
}

/** Names that are `.` or `..` are steps in a path: the API takes them with a `~` before them. */
const STEPS = /(?<=\/)(?=~*\.{1,2}(?:\/|$))/g

function withQuery(named: string, query: Query): string {
  const path = named.replace(STEPS, '~')
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  if (said.length === 0) return path
  return `${path}?${new URLSearchParams(said.map(([name, value]) => [name, String(value)]))}`
}
