/** A configuration of Mosquitto, line by line, as one of ours. */
import { nearestName } from '@mqtt-stack/core'
import { Document, isScalar } from 'yaml'
import type { Path } from '../config/parsed.ts'
import type { ListenerDraft, Note } from './draft.ts'
import { Draft } from './draft.ts'
import { LISTENER_SETTINGS } from './listener-settings.ts'
import { FAMILIES, SETTINGS } from './settings.ts'

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
    if (isScalar(node) && line > 0) node.comment = ` ${name}:${line}`
  }
  for (const [i, listener] of listenersOf(draft).entries()) {
    document.setIn(['listeners', i], document.createNode({}))
    writeListener(listener, ['listeners', i], draft, known, set)
  }
  const anonymous = draft.allowAnonymous ?? (draft.listeners.length === 0 ? 'local' : false)
  set(['auth', 'anonymous'], anonymous, 0)
  for (const { path, value, line } of draft.settings) set(path, value, line)
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
  return [{ ...usual, line: 0, needsCertificate: false, settings: [] }]
}

type Set = (path: Path, value: unknown, line: number) => void

function writeListener(
  listener: ListenerDraft,
  path: Path,
  draft: Draft,
  known: ReadonlySet<string>,
  set: Set,
): void {
  const { line, port, host = '0.0.0.0', socket, websockets, needsCertificate, settings } = listener
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
  const hasAuthorities = settings.some((one) => one.path[0] === 'ca')
  if (hasAuthorities && !needsCertificate && known.has('clientCertificate'))
    set([...path, 'clientCertificate'], 'optional', 0)
}

/** Without a file of rules everybody who is let in may do everything, and a configuration of ours says so. */
function writeRules({ settings }: Draft, set: Set): void {
  const asked = settings.some(({ path }) => path[0] === 'auth')
  const ruled = settings.some(({ path }) => path[0] === 'acl')
  if (asked && !ruled) set(['authorize'], false, 0)
}
