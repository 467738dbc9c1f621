/** Speaks to the API for operators of a broker that runs; see docs/admin.md. */
import { readFileSync } from 'node:fs'
import type { OptionsSpec } from '@mqtt-stack/core'
import { fileProblem, printable, StackError } from '@mqtt-stack/core'

/** Flags of every command that speaks to a broker. */
export interface AdminFlags {
  url?: string
  token?: string
  'token-file'?: string
  json?: boolean
}

export const ADMIN_FLAGS: OptionsSpec<AdminFlags> = {
  url: {
    kind: 'string',
    optional: true,
    doc: 'where the API is, or the link that the broker printed: $MQTT_STACK_ADMIN, or http://127.0.0.1:18080',
  },
  token: { kind: 'string', optional: true, doc: 'the token: $MQTT_STACK_TOKEN without it' },
  'token-file': { kind: 'string', optional: true, doc: 'a file that holds the token' },
  json: { kind: 'boolean', default: false, doc: 'print what the broker answers, as JSON' },
}

export const ADMIN_WANTS = { url: 'url', token: 'token', 'token-file': 'file' } as const

const USUAL = 'http://127.0.0.1:18080'
/** Problems that another token solves. */
const TOKENLESS: ReadonlySet<string> = new Set(['no-token', 'wrong-token'])
/** An answer that takes longer, in ms, is not waited for. */
const PATIENCE = 30_000

/** Names that are `.` or `..` are steps in a path: the API takes them with a `~` before them. */
const STEPS = /(?<=\/)(?=~*\.{1,2}(?:\/|$))/g

/** Values of a query; those that are not said are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

export class AdminClient {
  readonly #command: string
  readonly #url: string
  readonly #token: string | undefined

  /** @throws StackError `OPTION_INVALID` or `FILE_INVALID`. */
  constructor(command: string, flags: AdminFlags, env: Readonly<NodeJS.ProcessEnv>) {
    this.#command = command
    const { url, token } = readLink(command, flags.url ?? env.MQTT_STACK_ADMIN ?? USUAL)
    this.#url = url
    this.#token = tokenOf(command, flags, env) ?? token
  }

  async ask<T>(method: string, path: string, query: Query = {}, body?: object): Promise<T> {
    const response = await this.#fetch(method, path, query, body, AbortSignal.timeout(PATIENCE))
    if (response.status === 204) return undefined as T
    return this.#read(() => response.json() as Promise<T>)
  }

  /** Server-sent events, until they are over or `signal` ends them. */
  async events(
    path: string,
    query: Query,
    signal: AbortSignal | undefined,
    see: (kind: string, data: unknown) => void,
  ): Promise<void> {
    const response = await this.#fetch('GET', path, query, undefined, signal)
    let text = ''
    const decoder = new TextDecoder()
    const chunks = (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
    for (;;) {
      const { value, done } = await this.#read(() => chunks.next())
      if (done === true) return
      const parts = (text + decoder.decode(value, { stream: true })).split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const kind = /^event: (.*)$/m.exec(part)?.[1]
        const data = /^data: (.*)$/m.exec(part)?.[1]
        if (kind !== undefined && data !== undefined) see(kind, JSON.parse(data))
      }
    }
  }

  /** What breaks off, or is no answer of this API, is one line. */
  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      const why = (error as Error).message
      throw new StackError(
        'OPTION_INVALID',
        `${this.#command}: ${this.#url} has not answered as a broker does: ${why}`,
      )
    }
  }

  /** @throws StackError `OPTION_INVALID` with the broker's own words, or where nobody answers. */
  async #fetch(
    method: string,
    path: string,
    query: Query,
    body?: object,
    signal?: AbortSignal,
  ): Promise<Response> {
    const said = Object.entries(query).filter(([, value]) => value !== undefined)
    const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)] as [string, string]))
    const url = `${this.#url}${path.replace(STEPS, '~')}${said.length > 0 ? `?${search}` : ''}`
    const headers = {
      ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const asked = { method, headers, ...(body && { body: JSON.stringify(body) }), ...(signal && { signal }) }
    const response = await fetch(url, asked).catch((error: Error & { cause?: Error }) => {
      const why = error.cause?.message || error.message
      throw new StackError(
        'OPTION_INVALID',
        `${this.#command}: no broker answers at ${this.#url} (${why}): start it with --admin, or say --url`,
      )
    })
    const isProblem = /problem/.test(response.headers.get('content-type') ?? '')
    if (response.ok || !isProblem) return response
    const { detail, code } = (await response.json()) as { detail: string; code: string }
    const fix = TOKENLESS.has(code) ? ': say it by --token, --token-file or MQTT_STACK_TOKEN' : ''
    throw new StackError('OPTION_INVALID', `${this.#command}: ${printable(String(detail))}${fix}`)
  }
}

/** Also the whole link that a broker prints when it starts: `http://127.0.0.1:18080/#token=…`. */
function readLink(command: string, given: string): { url: string; token: string | undefined } {
  const link = URL.canParse(given) ? new URL(given) : undefined
  if (link === undefined || !/^https?:$/.test(link.protocol)) {
    const [shown = ''] = given.split('#')
    throw new StackError('OPTION_INVALID', `${command}: not a URL of the API: ${shown} (such as ${USUAL})`)
  }
  const token = new URLSearchParams(link.hash.slice(1)).get('token') ?? undefined
  return { url: `${link.origin}${link.pathname}`.replace(/\/$/, ''), token }
}

function tokenOf(
  command: string,
  { token, 'token-file': file }: AdminFlags,
  env: Readonly<NodeJS.ProcessEnv>,
): string | undefined {
  if (file === undefined) return token ?? env.MQTT_STACK_TOKEN
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    throw new StackError('FILE_INVALID', `${command}: ${file}: ${fileProblem(error as Error)}`)
  }
}
