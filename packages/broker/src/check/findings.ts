/** What is weak in a configuration that can be started, or missing. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ListenerValue, Options } from '../config/config-value.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Path } from '../config/parsed.ts'
import { nameOf } from '../config/parsed.ts'
import type { Exposure } from './exposure.ts'
import { whoConnects } from './exposure.ts'
import type { Finding } from './finding.ts'
import { overdueLists } from './overdue-lists.ts'
import { concerns, isRuled } from './permissions.ts'
import type { ReadRule } from './read-rule.ts'
import { ofLimits, ofSettings } from './settings.ts'
import { unreachableRules } from './unreachable.ts'

const DAY = 86_400_000
/** Days before its end at which a certificate is worth a warning. */
const SOON = 30
const OTHERS_READ = 0o004

export type Add = (level: Finding['level'], path: Path, message: string) => void

/** @param rules Of the acl, in the order in which they decide. */
export function findingsOf(
  config: LoadedConfig,
  exposures: readonly Exposure[],
  rules: readonly ReadRule[],
  own: readonly MiddlewareLike[],
  now: number = Date.now(),
): Finding[] {
  const found: Finding[] = []
  const { parsed, value } = config
  const add: Add = (level, path, message) => found.push({ level, where: parsed.at(path), message })
  for (const [i, exposure] of exposures.entries()) {
    const path = value.listeners === undefined ? [] : ['listeners', i]
    ofListener(exposure, path, config, add)
    const open = openTo(exposure, config, rules, own)
    if (open !== undefined && !exposure.local)
      add('warning', path, `${exposure.url}: whoever reaches it may read and write everything: ${open}`)
    else if (exposure.anyName && !exposure.local)
      add('note', path, `${exposure.url}: nobody checks names there: rules for users fit nobody`)
    ofSettings(value.listeners?.[i], exposure, path, add)
    ofFiles(value.listeners?.[i], path, now, add)
  }
  if (value.sessionManager === false && own.length === 0)
    add(
      'error',
      ['sessionManager'],
      'sessionManager: without it no CONNECT is answered, and nobody can connect',
    )
  ofSections(config, exposures, add)
  ofLimits(config, exposures, add)
  ofRules(config, rules, add)
  ofSecrets(config, add)
  return found
}

function ofListener(exposure: Exposure, path: Path, { value }: LoadedConfig, add: Add): void {
  const { url, local, loopback, secure, anonymous, providers, others } = exposure
  const who = whoConnects(exposure, value.auth)
  if (who.length === 0) add('warning', path, `${url}: nobody can connect: name a provider of "auth"`)
  if (local) return
  if (anonymous === 'local' && providers.length + others.length === 0)
    add('warning', path, `${url} is reached by others, and this machine alone is let in there`)
  const readable = !secure && !loopback
  if (readable && providers.some((name) => name !== 'scram' && name !== 'certificate'))
    add('warning', path, `${url} has no TLS: passwords and tokens can be read on their way: use mqtts or wss`)
  if (readable && anonymous === true)
    add('warning', path, `${url} has no TLS: messages can be read on their way`)
  if (value.limits === undefined)
    add('warning', path, `${url} has no limits on connections and failed log-ins: add "limits: {}"`)
}

/** Why clients without a name may do everything at a listener; `undefined` where they may not. */
function openTo(
  exposure: Exposure,
  { value }: LoadedConfig,
  rules: readonly ReadRule[],
  own: readonly MiddlewareLike[],
): string | undefined {
  if (exposure.anonymous !== true || value.authorize === false) return undefined
  if (!isRuled(value, own)) return 'add "acl"'
  const others = isRuled({ ...value, acl: undefined } as typeof value, own)
  const theirs = others ? [] : rules.filter((rule) => concerns(rule, exposure))
  const everything = theirs.findIndex(
    ({ allow, actions, topics, users, groups, clients, ranges, retain }) =>
      allow &&
      [users, groups, clients, ranges, retain].every((one) => one === undefined) &&
      actions.includes('publish') &&
      actions.includes('subscribe') &&
      topics.some(({ text }) => text === '#'),
  )
  if (everything === -1 || theirs.slice(0, everything).some(({ allow }) => !allow)) return undefined
  return `acl rule ${rules.indexOf(theirs[everything]) + 1}${placeOf(theirs[everything])} allows it`
}

function ofFiles(listener: ListenerValue | undefined, path: Path, now: number, add: Add): void {
  const { cert, key, crl, certificates, tls } = (listener ?? {}) as Partial<ListenerValue> & TlsValues
  if (typeof cert === 'string') ofCertificate(cert, [...path, 'cert'], now, add)
  if (typeof key === 'string' && isOpen(key))
    add('warning', [...path, 'key'], `${key} may be read by every user of this machine: chmod 600 ${key}`)
  if (typeof crl === 'string')
    for (const message of overdueLists(crl, now)) add('warning', [...path, 'crl'], message)
  for (const [i, one] of (certificates ?? []).entries())
    ofFiles(one as ListenerValue, [...path, 'certificates', i], now, add)
  if (tls?.rejectUnauthorized === false)
    add('warning', [...path, 'tls'], '"rejectUnauthorized: false": any client certificate is taken')
}

interface TlsValues {
  readonly tls?: { readonly rejectUnauthorized?: boolean }
  /** By name: each has `cert` and `key`. */
  readonly certificates?: readonly object[]
}

function ofCertificate(file: string, path: Path, now: number, add: Add): void {
  const { validTo, validFrom } = new X509Certificate(readFileSync(file))
  const left = Math.floor((Date.parse(validTo) - now) / DAY)
  if (Date.parse(validFrom) > now) add('warning', path, `${file} is not valid before ${validFrom}`)
  if (left < 0) add('warning', path, `${file} has expired: it was valid until ${validTo}`)
  else if (left < SOON) add('warning', path, `${file} expires in ${left} days: ${validTo}`)
}

function ofSections({ value }: LoadedConfig, exposures: readonly Exposure[], add: Add): void {
  const { auth = {}, store } = value
  for (const name of Object.keys(auth)) {
    if (name === 'anonymous') continue
    if (name === 'certificate') ofCertificates(value.listeners, exposures, add)
    if (!exposures.some(({ providers }) => providers.some((one) => one === name)))
      add('warning', ['auth', name], `no listener asks ${name}: name it in "providers" of one`)
    const { file } = (auth as Readonly<Record<string, { readonly file?: unknown } | undefined>>)[name] ?? {}
    if (typeof file === 'string' && isOpen(file))
      add(
        'warning',
        ['auth', name, 'file'],
        `${file} may be read by every user of this machine: chmod 600 ${file}`,
      )
  }
  if (value.authorize === false)
    add('warning', ['authorize'], 'nobody is asked what clients may do: whoever is let in may do everything')
  // Whoever names the memory wants it.
  if (store?.lmdb === undefined && store?.redis === undefined && store?.memory === undefined)
    add('note', ['store'], 'sessions and messages are in memory, and gone with the process: add "store"')
}

/** Where a provider of certificates is asked and no client can show one. */
function ofCertificates(
  listeners: readonly ListenerValue[] = [],
  exposures: readonly Exposure[],
  add: Add,
): void {
  const fix = 'it wants mqtts or wss with "ca"'
  const asking = exposures.filter(({ providers }) => providers.includes('certificate'))
  if (asking.length > 0 && !asking.some(({ takesCertificates }) => takesCertificates)) {
    add('warning', ['auth', 'certificate'], `no client can show a certificate at any listener: ${fix}`)
    return
  }
  for (const [i, { url, takesCertificates }] of exposures.entries()) {
    if (takesCertificates || listeners[i]?.providers?.includes('certificate') !== true) continue
    add('warning', ['listeners', i, 'providers'], `${url}: no client can show a certificate there: ${fix}`)
  }
}

function ofRules({ value, rulePaths }: LoadedConfig, rules: readonly ReadRule[], add: Add): void {
  if (value.acl !== undefined && rules.length === 0)
    add('warning', ['acl'], 'there are no rules: nobody may do anything')
  for (const { rule, covered } of unreachableRules(rules)) {
    const path = rulePaths[rule] ?? ['acl', 'file']
    const [here, there] = [rule, covered].map((one) => `acl rule ${one + 1}${placeOf(rules[one])}`)
    add('warning', path, `${here} never decides: ${there} fits all that it fits`)
  }
}

function placeOf({ source }: ReadRule): string {
  return source === undefined ? '' : ` (${source})`
}

/** Secrets that stand in the file itself, where everybody may read it. */
function ofSecrets({ value, parsed }: LoadedConfig, add: Add): void {
  if (!isOpen(parsed.file)) return
  const listeners = (value.listeners ?? []).map((_, i) => ['listeners', i, 'passphrase'])
  for (const path of [['auth', 'jwt', 'key'], ['auth', 'http', 'token'], ...listeners]) {
    const written = path.reduce<unknown>((part, key) => (part as Options | undefined)?.[key], parsed.value)
    if (typeof written !== 'string' || parsed.isFilled(path) || written.startsWith('-----BEGIN PUBLIC'))
      continue
    const fix = `chmod 600 ${parsed.file}, or { file: path }`
    add('warning', path, `${nameOf(path)} may be read by every user of this machine: ${fix}`)
  }
}

/** Whether every user of this machine may read a file. */
function isOpen(file: string): boolean {
  try {
    return (statSync(file).mode & OTHERS_READ) !== 0
  } catch {
    return false
  }
}
