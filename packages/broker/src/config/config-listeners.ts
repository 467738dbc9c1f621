/** The listeners of a configuration, as the broker wants them. */
import type { OptionSpec } from '@mqtt-stack/core'
import { parseListenUrl } from '../listeners/listen-url.ts'
import type { ListenerOptions } from '../listeners/options.ts'
import { LISTENER_OPTIONS } from '../listeners/options.ts'
import type { PemSource } from '../listeners/pem.ts'
import { pemFile } from '../pem-file.ts'
import type { AuthValue, ListenerValue, Options } from './config-value.ts'
import type { LoadedConfig } from './load-config.ts'
import type { Path } from './parsed.ts'
import { nameOf } from './parsed.ts'
import type { Problem } from './problem.ts'
import { ConfigError } from './problem.ts'
import type { ProviderName } from './sections.ts'
import { ANONYMOUS, PROVIDERS } from './sections.ts'

const SCHEMES: Readonly<Record<string, string>> = {
  tcp: 'mqtt',
  tls: 'mqtts',
  ws: 'ws',
  wss: 'wss',
  unix: 'unix',
}
/** In a configuration they are paths, whatever code may give. */
const PEM_FILES: Readonly<Record<string, string>> = {
  cert: 'the path of a file with its certificate chain (PEM)',
  key: 'the path of a file with its private key (PEM)',
}
const PEM_KEYS = ['cert', 'key', 'ca', 'crl'] as const

/** @throws ConfigError with everything that no listener can be made of, each with its line. */
export function listenersOf({ value, parsed }: LoadedConfig): ListenerOptions[] | undefined {
  const problems: Problem[] = []
  const add = (path: Path, message: string, key = false): void => {
    const where = key ? parsed.atKey(path) : parsed.at(path)
    problems.push({ where, message: `${nameOf(path)}: ${message}` })
  }
  const made = value.listeners?.map((one, i) => listenerOf(one, ['listeners', i], value.auth ?? {}, add))
  for (const [i, { name }] of (value.listeners ?? []).entries()) {
    const first = (value.listeners ?? []).findIndex((one) => one.name === name)
    if (name !== undefined && first < i)
      add(['listeners', i, 'name'], `listeners[${first}] is "${name}" already: give each a name of its own`)
  }
  for (const [i, { limits }] of (value.listeners ?? []).entries()) {
    if (limits === undefined || value.limits !== undefined) continue
    const fix = 'add a section "limits" (limits: {} has the defaults)'
    add(['listeners', i, 'limits'], `nothing says what holds besides: ${fix}`, true)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return made as ListenerOptions[] | undefined
}

type Add = (path: Path, message: string, key?: boolean) => void

function listenerOf(given: ListenerValue, path: Path, auth: AuthValue, add: Add): object | undefined {
  const { listen, providers, ...options } = given
  let address: ReturnType<typeof parseListenUrl>
  try {
    address = parseListenUrl(listen)
  } catch (error) {
    add([...path, 'listen'], (error as Error).message)
    return undefined
  }
  const rows: Readonly<Record<string, OptionSpec>> = LISTENER_OPTIONS[address.transport]
  const scheme = SCHEMES[address.transport]
  for (const key of Object.keys(options)) {
    if (!(key in rows)) add([...path, key], `${scheme} has no such option (${having(key)} have)`, true)
  }
  for (const [key, row] of Object.entries(rows)) {
    if (row.default !== undefined || row.optional === true || key === 'path') continue
    if (!(key in options)) add(path, `${scheme} needs "${key}": ${PEM_FILES[key] ?? row.doc}`)
  }
  return {
    ...address,
    ...options,
    ...pemFiles(options, path, add),
    ...(providers !== undefined && { providers: providersOf(providers, [...path, 'providers'], auth, add) }),
  }
}

/** Certificates and keys: they are read again when their files change. */
function pemFiles(options: Readonly<Record<string, unknown>>, path: Path, add: Add): object {
  const files: Record<string, unknown> = {}
  for (const key of PEM_KEYS) {
    const file = options[key]
    if (typeof file === 'string') files[key] = pemFileAt(file, [...path, key], add)
  }
  const { certificates } = options as { readonly certificates?: readonly NamedValue[] }
  if (certificates === undefined) return files
  files.certificates = certificates.map(({ cert, key, ...rest }, i) => {
    const inner = [...path, 'certificates', i]
    const pair = {
      cert: pemFileAt(cert, [...inner, 'cert'], add),
      key: pemFileAt(key, [...inner, 'key'], add),
    }
    return { ...rest, ...pair }
  })
  return files
}

interface NamedValue extends Options {
  readonly cert: string
  readonly key: string
}

function pemFileAt(file: string, path: Path, add: Add): PemSource | undefined {
  try {
    return pemFile(file)
  } catch (error) {
    add(path, (error as Error).message)
    return undefined
  }
}

/** The names of the middlewares that are asked there. */
function providersOf(names: readonly string[], path: Path, auth: AuthValue, add: Add): string[] {
  return names.map((name, i) => {
    if (name === ANONYMOUS) {
      const known = Object.keys(auth).some((one) => one !== ANONYMOUS)
      if ((auth.anonymous ?? !known) === false)
        add([...path, i], 'clients without a name are let in nowhere: write "anonymous: local" into auth')
      return 'Anonymous'
    }
    // The name of a middleware of `use`: it is looked at when those are made.
    if (!(name in PROVIDERS)) return name
    if (!(name in auth)) {
      const known = Object.keys(auth).join(', ') || 'nothing'
      add([...path, i], `the section auth has no "${name}" (it has: ${known})`)
    }
    return PROVIDERS[name as ProviderName].class
  })
}

function having(key: string): string {
  const names = Object.entries(LISTENER_OPTIONS).filter(([, rows]) => key in rows)
  return names.map(([name]) => SCHEMES[name]).join(', ')
}
