/** The keys of a service, fetched by URL: it may change them at any time. */
import type { Stack } from '@mqtt-stack/core'
import { isLoopback, StackError } from '@mqtt-stack/core'
import type { AuthorityFile } from '@mqtt-stack/core/users'
import { errors } from 'jose'
import { fetchKeys } from './fetch-keys.ts'
import type { KeySource } from './key-source.ts'
import { KeysUnavailable } from './key-source.ts'
import type { FindKey } from './keys.ts'
import { readKeySet } from './keys.ts'

/** A service that failed is left alone for so long, in ms. */
const PAUSE = 1_000

export interface KeySetUrlOptions {
  readonly owner: string
  readonly url: string
  readonly timeout: number
  readonly maxAge: number
  readonly cooldown: number
  readonly allowHttp: boolean
  /** Whose certificates are believed; those that Node knows where it is left out. */
  readonly authorities?: AuthorityFile | undefined
}

/** What was fetched. */
interface Fetched {
  readonly find: FindKey
  /** When, by the stack's clock (ms). */
  readonly at: number
}

/**
 * Keys count for `maxAge` and no longer. They are fetched when the first token comes, behind a token once half of that
 * is over, and when a token names a key that is not among them. One request is under way at most.
 */
export class KeySetUrl implements KeySource {
  readonly #options: KeySetUrlOptions
  /** The URL without its query, which may hold a secret. */
  readonly #where: string
  #stack!: Pick<Stack, 'clock' | 'log'>
  #fetched: Fetched | undefined
  #fetching: Promise<void> | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #failing = false
  readonly #stopped = new AbortController()

  /** @throws StackError `OPTION_INVALID` for what is no URL, or one that others may answer. */
  constructor(options: KeySetUrlOptions) {
    this.#options = options
    this.#where = checkUrl(options)
  }

  async start(stack: Pick<Stack, 'clock' | 'log'>): Promise<void> {
    this.#stack = stack
    this.#options.authorities?.start(stack)
    // Nobody waits: the service may come up later. What is wrong with it is in the log from the beginning.
    void this.#fetch()
  }

  /** What is under way has a bound. */
  async retire(): Promise<void> {
    this.#options.authorities?.stop()
    await this.#fetching
  }

  stop(): void {
    this.#options.authorities?.stop()
    this.#stopped.abort()
  }

  readonly find: FindKey = async (header, token) => {
    const known = await this.#keys()
    try {
      return await known.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      const changed = await this.#lookAgain(known)
      if (changed === undefined) throw error
      return changed.find(header, token)
    }
  }

  /** What counts now. */
  async #keys(): Promise<Fetched> {
    const { maxAge } = this.#options
    const age = this.#age()
    if (age >= maxAge) await this.#fetch()
    else if (age >= maxAge / 2) void this.#fetch()
    if (this.#fetched === undefined || this.#age() >= maxAge)
      throw new KeysUnavailable(`the keys of ${this.#where} cannot be had`)
    return this.#fetched
  }

  /** What the service has beside what is known, unless it was asked lately. */
  async #lookAgain(known: Fetched): Promise<Fetched | undefined> {
    if (this.#fetched === known && this.#age() >= this.#options.cooldown) await this.#fetch()
    return this.#fetched === known ? undefined : this.#fetched
  }

  #age(): number {
    return this.#fetched === undefined ? Number.POSITIVE_INFINITY : this.#stack.clock.now() - this.#fetched.at
  }

  async #fetch(): Promise<void> {
    if (this.#stack.clock.now() - this.#failedAt < PAUSE) return
    this.#fetching ??= this.#fetchNow().finally(() => {
      this.#fetching = undefined
    })
    await this.#fetching
  }

  async #fetchNow(): Promise<void> {
    const { owner, url, timeout, authorities } = this.#options
    const { clock, log } = this.#stack
    const at = clock.now()
    try {
      const json = await fetchKeys(url, {
        clock,
        timeout,
        signal: this.#stopped.signal,
        ca: authorities?.pem,
      })
      this.#fetched = { find: readKeySet(json, 'its answer'), at }
      if (this.#failing) log.event('keys.fetched', { owner, url: this.#where })
      this.#failing = false
    } catch (error) {
      this.#failedAt = clock.now()
      if (this.#stopped.signal.aborted) return
      // Once for each time that it is down.
      if (!this.#failing)
        log.event('keys.unfetched', { owner, url: this.#where, cause: (error as Error).message })
      this.#failing = true
    }
  }
}

function checkUrl({ owner, url: text, allowHttp }: KeySetUrlOptions): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw invalid(`${owner}: option "jwksUrl" must be a URL that begins with https://`)
  if (url.username !== '' || url.password !== '')
    throw invalid(`${owner}: option "jwksUrl" must not hold a user name or password`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:' && !allowHttp && host !== 'localhost' && !isLoopback(host)) {
    throw invalid(
      `${owner}: option "jwksUrl" begins with http://, so that whoever sits between can make tokens: use https://, or say "allowHttp"`,
    )
  }
  return url.origin + url.pathname
}

function invalid(message: string): StackError {
  return new StackError('OPTION_INVALID', message)
}
