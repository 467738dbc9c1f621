/** What the options say of where Redis is. */
import type { ConnectionOptions } from 'node:tls'
import { fileProblem, readRegularSync, StackError } from '@mqtt-stack/core'
import { NODE_NAME } from './node-name.ts'
import type { RedisOptions } from './options.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Target {
  readonly kind: 'one' | 'sentinels' | 'cluster'
  /** Of the one Redis, of the Sentinels, or of some nodes of the Cluster. */
  readonly addresses: readonly Address[]
  /** How Sentinels call the master. */
  readonly name: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: ConnectionOptions | undefined
  /** What errors and the log call it: without what is secret. */
  readonly label: string
}

/** @throws StackError `OPTION_MISSING`, `OPTION_INVALID`, or `STORE_UNUSABLE` where a file cannot be read */
export function targetOf(owner: string, options: RedisOptions): Target {
  const { url, sentinels, cluster, name = 'mymaster' } = options
  const given = [url, sentinels, cluster].filter((value) => value !== undefined)
  if (given.length === 0)
    throw new StackError('OPTION_MISSING', `${owner}: one of "url", "sentinels" and "cluster" is needed`)
  if (given.length > 1)
    throw new StackError(
      'OPTION_INVALID',
      `${owner}: only one of "url", "sentinels" and "cluster" may be given`,
    )
  const one = url === undefined ? undefined : readUrl(owner, url)
  const addresses =
    one?.addresses ?? readAddresses(owner, sentinels ?? cluster!, sentinels ? 'sentinels' : 'cluster')
  const tls = options.tls ?? (one?.tls || options.caFile !== undefined)
  const scheme = tls ? 'rediss' : 'redis'
  const [{ host, port }] = addresses
  const list = addresses.map((address) => `${address.host}:${address.port}`).join(', ')
  return {
    kind: one ? 'one' : sentinels ? 'sentinels' : 'cluster',
    addresses,
    name,
    username: options.username ?? one?.username,
    password: passwordOf(owner, options) ?? one?.password,
    db: one?.db ?? 0,
    tls: tls ? { ca: options.caFile && readFile(owner, 'caFile', options.caFile) } : undefined,
    label: one
      ? `${scheme}://${host}:${port}`
      : sentinels
        ? `"${name}" of the Sentinels ${list}`
        : `the Cluster of ${list}`,
  }
}

interface Read {
  readonly addresses: readonly Address[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

/** The URL is never part of the error: it may have a password. */
function readUrl(owner: string, text: string): Read {
  const wrong = new StackError(
    'OPTION_INVALID',
    `${owner}: option "url" is no address of a Redis: write redis://host:6379, or rediss://host:6379 for TLS`,
  )
  if (!URL.canParse(text)) throw wrong
  const url = new URL(text)
  const db = url.pathname.slice(1) || '0'
  if (!/^rediss?:$/.test(url.protocol) || url.hostname === '' || !/^\d{1,4}$/.test(db)) throw wrong
  return {
    addresses: [{ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 6379) }],
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    db: Number(db),
    tls: url.protocol === 'rediss:',
  }
}

function readAddresses(owner: string, list: readonly string[], option: string): readonly Address[] {
  const addresses = Array.isArray(list) ? list.map(readAddress) : []
  if (addresses.length === 0 || addresses.includes(undefined))
    throw new StackError(
      'OPTION_INVALID',
      `${owner}: option "${option}" is a list of addresses, each as host:port`,
    )
  return addresses as readonly Address[]
}

function readAddress(text: unknown): Address | undefined {
  const found = typeof text === 'string' ? /^(?:\[([^\]]+)\]|([^:/@\s]+)):(\d{1,5})$/.exec(text) : null
  return found === null ? undefined : { host: found[1] ?? found[2], port: Number(found[3]) }
}

function passwordOf(owner: string, { password, passwordFile }: RedisOptions): string | undefined {
  if (passwordFile === undefined) return password
  return readFile(owner, 'passwordFile', passwordFile).replace(/[\r\n]+$/, '')
}

function readFile(owner: string, option: string, path: string): string {
  try {
    return readRegularSync(path).toString()
  } catch (cause) {
    const text = `${owner}: cannot read ${path} (option "${option}"): ${fileProblem(cause)}`
    throw new StackError('STORE_UNUSABLE', text, { cause })
  }
}

/** @throws StackError `OPTION_INVALID` where keys could not be made of these names */
export function checkNames(owner: string, { node, parent, prefix = '' }: RedisOptions): void {
  for (const [option, name] of Object.entries({ node, parent })) {
    if (name === undefined || NODE_NAME.test(name)) continue
    throw new StackError(
      'OPTION_INVALID',
      `${owner}: option "${option}" has up to 64 letters, digits, ".", "_" and "-"`,
    )
  }
  if (!/^[^{}\s]{1,64}$/.test(prefix))
    throw new StackError(
      'OPTION_INVALID',
      `${owner}: option "prefix" has up to 64 characters, without braces and spaces`,
    )
}
