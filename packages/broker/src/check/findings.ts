/** What is weak in a configuration that can be started, or missing. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { ListenerValue, Options } from '../config/config-value.ts'
import type { LoadedConfig } from '../config/load-config.ts'
import type { Path } from '../config/parsed.ts'
import { nameOf } from '../config/parsed.ts'
import type { Exposure } from './exposure.ts'
import { whoConnects } from './exposure.ts'
import type { Finding } from './finding.ts'
import { overdueLists } from './overdue-lists.ts'
import type { ReadRule } from './read-rule.ts'
import { unreachableRules } from './unreachable.ts'

const DAY = 86_400_000
/** Days before its end at which a certificate is worth a warning. */
const SOON = 30
const OTHERS_READ = 0o004

type Add = (level: Finding['level'], path: Path, message: string) => void

/** @param rules Of the acl, in the order in which they decide. */
export function findingsOf(
  config: LoadedConfig,
  exposures: readonly Exposure[],
  rules: readonly ReadRule[],
  now: number = Date.now(),
): Finding[] {
  const found: Finding[] = []
  const { parsed, value } = config
  const add: Add = (level, path, message) => found.push({ level, where: parsed.at(path), message })
  for (const [i, exposure] of exposures.entries()) {
    const path = value.listeners === undefined ? [] : ['listeners', i]
    ofListener(exposure, path, config, add)
    ofFiles(value.listeners?.[i], path, now, add)
  }
  ofSections(config, exposures, add)
  ofRules(config, rules, add)
  ofSecrets(config, add)
  return found
}

function ofListener(exposure: Exposure, path: Path, { value }: LoadedConfig, add: Add): void {
  const { url, local, secure, anonymous, providers, anyName } = exposure
  const who = whoConnects(exposure, value.auth)
  if (who.length === 0) add('warning', path, `${url}: nobody can connect: name a provider of "auth"`)
  if (local) return
  if (anonymous === 'local' && providers.length === 0)
    add('warning', path, `${url} is reached by others, and this machine alone is let in there`)
  if (!secure && providers.some((name) => name !== 'scram'))
    add('warning', path, `${url} has no TLS: passwords and tokens can be read on their way: use mqtts or wss`)
  if (!secure && anonymous === true)
    add('warning', path, `${url} has no TLS: messages can be read on their way`)
  const unruled = value.acl === undefined && (value.use ?? []).length === 0
  if (anonymous === true && unruled)
    add('warning', path, `${url}: whoever reaches it may read and write everything: add "acl"`)
  else if (anyName) add('note', path, `${url}: nobody checks names there: rules for users fit nobody`)
  if (value.limits === undefined)
    add('warning', path, `${url} has no limits on connections and failed log-ins: add "limits: {}"`)
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
  if (store?.lmdb === undefined && store?.redis === undefined)
    add('note', ['store'], 'sessions and messages are in memory, and gone with the process: add "store"')
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
