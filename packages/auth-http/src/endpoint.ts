/** Where the service is, and how the broker says who it is: checked when the options are read. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { isLoopback, StackError } from '@mqtt-stack/core'
import type { HttpAuthOptions } from './options.ts'

/** Headers that are ours to write. */
const OURS: ReadonlySet<string> = new Set([
  'accept',
  'connection',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
])

/** @throws StackError `OPTION_INVALID` for what is no URL, or one that others may listen to. */
export function readUrl(owner: string, key: string, text: string, allowHttp: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw invalid(`${owner}: option "${key}" must be a URL that begins with https://`)
  if (url.username !== '' || url.password !== '')
    throw invalid(`${owner}: option "${key}" must not hold a user name or password: use "token" or "headers"`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:' && !allowHttp && host !== 'localhost' && !isLoopback(host)) {
    throw invalid(
      `${owner}: option "${key}" begins with http://, so that whoever sits between reads passwords: use https://, or say "allowHttp"`,
    )
  }
  return url
}

/**
 * The headers of each request.
 * @throws StackError `OPTION_INVALID`, which holds no value of them.
 */
export function readHeaders(
  owner: string,
  { token, headers = {} }: Pick<HttpAuthOptions, 'token' | 'headers'>,
): Readonly<Record<string, string>> {
  const given: unknown = headers
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(`${owner}: option "headers" must be an object of header names and values`)
  for (const [name, value] of Object.entries(given)) {
    if (OURS.has(name.toLowerCase())) throw invalid(`${owner}: option "headers" must not set "${name}"`)
    if (!isHeader(name, value))
      throw invalid(`${owner}: option "headers" has "${printed(name)}", which is no header`)
  }
  if (token === undefined) return headers
  const authorization = `Bearer ${token}`
  if (token === '' || !isHeader('authorization', authorization))
    throw invalid(
      `${owner}: option "token" must not be empty, or have line ends and other control characters`,
    )
  return { ...headers, authorization }
}

function isHeader(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value as string)
    return typeof value === 'string'
  } catch {
    return false
  }
}

function printed(name: string): string {
  return JSON.stringify(name).slice(1, -1)
}

function invalid(message: string): StackError {
  return new StackError('OPTION_INVALID', message)
}
