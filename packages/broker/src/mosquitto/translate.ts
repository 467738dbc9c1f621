/** A configuration of Mosquitto, line by line, as one of ours. */
import { nearestName } from '@mqtt-stack/core'
import { Document, isCollection, isScalar } from 'yaml'
import type { Path } from '../config/parsed.ts'
import type { ListenerDraft, Note } from './draft.ts'
import { Draft } from './draft.ts'
import { LISTENER_SETTINGS } from './listener-settings.ts'
import { FAMILIES, SETTINGS } from './settings.ts'
import { whoIsLetIn } from './who-is-let-in.ts'

export interface Translation {
  /** What can be translated; each value with its line. */
  readonly yaml: string
  readonly notes: readonly Note[]
}

/**
 * @param name Of the file, for the lines of values.
 * @param known The options that a listener has here.
 */
export function translate(name: string, text: string, known: ReadonlySet<string>): Translation {
  const draft = new Draft()
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line !== '' && !line.startsWith('#')) takeLine(draft, i + 1, line)
  }
  const document = new Document({})
  document.commentBefore = ` From ${name}, by mqtt-stack import. What each value comes from stands behind it.`
  const set = (path: Path, value: unknown, line: number): void => {
    const node = document.createNode(value)
    document.setIn(path, node)
    if (isCollection(node)) node.flow = true
    if (line > 0 && (isScalar(node) || isCollection(node))) node.comment = ` ${name}:${line}`
  }
  const { listeners, anonymous } = whoIsLetIn(draft, listenersOf(draft))
  for (const [i, { listener, providers }] of listeners.entries()) {
    document.setIn(['listeners', i], document.createNode({}))
    writeListener(listener, ['listeners', i], draft, known, set)
    if (providers !== undefined) set(['listeners', i, 'providers'], providers, 0)
  }
  set(['auth', 'anonymous'], anonymous, 0)
  for (const { path, value, line } of draft.settings) set(path, value, line)
  writeQueues(draft, set)
  writeLog(draft, set)
  writeRules(draft, set)
  return { yaml: document.toString({ lineWidth: 0 }), notes: draft.notes.sort((a, b) => a.line - b.line) }
}

function takeLine(draft: Draft, line: number, text: string): void {
  draft.at(line, text)
  const [name] = text.split(/\s+/, 1)
  const value = text.slice(name.length).trim()
  const family = FAMILIES.find(([prefix]) => name.startsWith(prefix))?.[1]
  const take = own(LISTENER_SETTINGS, name) ?? own(SETTINGS, name) ?? family
  if (take !== undefined) {
    take(draft, value)
    return
  }
  const near = nearestName(name, [...Object.keys(LISTENER_SETTINGS), ...Object.keys(SETTINGS)])
  draft.note(
    `no setting of Mosquitto that is known here${near === undefined ? '' : `: did you mean "${near}"?`}`,
  )
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

/** Without one, Mosquitto listens for this machine alone. */
function listenersOf(draft: Draft): readonly ListenerDraft[] {
  const named = draft.listeners.filter(({ port }) => Number.isInteger(port))
  if (draft.listeners.length > 0) return named
  const usual = { port: 1883, host: '127.0.0.1', socket: undefined, websockets: false, cafile: undefined }
  const open = { isNamedByCertificate: false, allowAnonymous: undefined, passwordFile: undefined }
  return [{ ...usual, ...open, line: 0, needsCertificate: false, settings: [] }]
}

type Set = (path: Path, value: unknown, line: number) => void

function writeListener(
  listener: ListenerDraft,
  path: Path,
  draft: Draft,
  known: ReadonlySet<string>,
  set: Set,
): void {
  const { line, port, host = '::', socket, websockets, needsCertificate, settings } = listener
  const secure = settings.some((one) => one.path[0] === 'cert')
  const scheme = `${websockets ? 'ws' : 'mqtt'}${secure ? 's' : ''}`
  const address = host.includes(':') ? `[${host}]` : host
  set([...path, 'listen'], socket === undefined ? `${scheme}://${address}:${port}` : `unix:${socket}`, line)
  for (const one of settings) {
    const option = String(one.path[0])
    draft.at(one.line, `${option} ${one.value}`)
    if (option === 'ca' && !needsCertificate && !known.has('clientCertificate'))
      draft.note('clients need no certificate there: the authorities are left out')
    else if (!known.has(option)) draft.note(`listeners have no "${option}" here`)
    else set([...path, option], one.value, one.line)
  }
  const authorities = settings.find((one) => one.path[0] === 'ca')
  if (authorities !== undefined && !needsCertificate && known.has('clientCertificate'))
    set([...path, 'clientCertificate'], 'optional', authorities.line)
  if (authorities === undefined && needsCertificate) {
    draft.at(line, `listener ${port}`)
    draft.note('it requires certificates, and no authorities are named: name their file in "ca"')
    set([...path, 'ca'], 'authorities.pem', line)
  }
}

/** What waits for who is away is the store's, and for who is slow the outbound manager's. */
function writeQueues({ queued, settings }: Draft, set: Set): void {
  const store = settings.some(({ path }) => path[1] === 'lmdb') ? 'lmdb' : 'memory'
  for (const [what, { value, line }] of queued) {
    set(['store', store, `session${what}`], value, line)
    set(['outboundManager', `queue${what}`], value, line)
  }
}

/** The level that has all of the kinds that are named. */
function writeLog({ logTypes, logLine }: Draft, set: Set): void {
  if (logTypes.size === 0) return
  const has = (...types: string[]): boolean => types.some((type) => logTypes.has(type))
  if (has('all', 'debug')) set(['log', 'level'], 'debug', logLine)
  else if (has('information', 'notice', 'subscribe', 'unsubscribe', 'websockets')) return
  else set(['log', 'level'], has('warning') ? 'warn' : 'error', logLine)
}

/** Without a file of rules everybody who is let in may do everything, and a configuration of ours says so. */
function writeRules({ settings }: Draft, set: Set): void {
  const asked = settings.some(({ path }) => path[0] === 'auth')
  const ruled = settings.some(({ path }) => path[0] === 'acl')
  if (asked && !ruled) set(['authorize'], false, 0)
}
