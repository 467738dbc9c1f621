/** What nodes say to each other, as bytes and back. */
import type { Author, Share } from '../../contract/index.ts'
import { FieldReader, FieldWriter } from '../disk/fields.ts'
import { damaged, readFlag, readList } from './frame-fields.ts'
import type { MessageFrame } from './message-frame.ts'
import { encodeMessageFrame, readMessageFrame } from './message-frame.ts'

export type { MessageFrame } from './message-frame.ts'

/** What a node is to know to understand another one. */
export const PROTOCOL = 1

/** A message for one member of a group, after another one, or a node without members, could not take it. */
export interface GroupFrame {
  readonly kind: 'group'
  readonly share: Share
  /** The client that has left it behind. */
  readonly except: string | undefined
  /** How many nodes have had it. */
  readonly hops: number
  readonly publisher: Author | undefined
  readonly expiresAt: number
  readonly packet: Uint8Array
}

/** A node has joined, or is back: it asks for the routes of the one that it says so to. */
export interface HelloFrame {
  readonly kind: 'hello'
  readonly protocol: number
  /** The answer's last frame has it as its tag. */
  readonly number: number
}

/** What a node has of a filter, or of a group: nothing where `members` is 0. */
export interface RouteChange {
  readonly filter: string
  /** The name of a group that shares the filter. */
  readonly group: string | undefined
  /** Members of the group; 1 for a plain subscription, however many there are. */
  readonly members: number
  /** Whether one of the members is connected. */
  readonly connected: boolean
}

/** Routes of a node: of the one that says so or, in a snapshot, of one that is dead. */
export interface RoutesFrame {
  readonly kind: 'routes'
  readonly owner: string
  /** Grows with each change; a snapshot has that of the last change in it. */
  readonly version: number
  /** `first` and `next`: a snapshot goes on behind it. `last`: it is complete. `only`: a snapshot in one piece. */
  readonly part: 'change' | 'first' | 'next' | 'last' | 'only'
  readonly changes: readonly RouteChange[]
  /** Nodes whose routes are no more. */
  readonly gone: readonly string[]
  /** Nodes that are to hear that it was applied. */
  readonly markers: readonly string[]
  /** Tells the marks that it asks for from others; 0 for none. */
  readonly tag: number
}

/** What the sender says behind this frame it says in knowledge of these routes. */
export interface MarkFrame {
  readonly kind: 'mark'
  /** Whose routes. */
  readonly owner: string
  readonly version: number
  /** Of the routes. */
  readonly tag: number
}

/** A node wants the session of a client identifier. */
export interface PullFrame {
  readonly kind: 'pull'
  readonly clientId: string
  /** Tells this one from other pulls of the same session. */
  readonly pull: number
  /** That it has at the node which is asked, as the directory says. */
  readonly tenure: number
  /** Who wants it. */
  readonly identity: string | undefined
  /** The session is to end: nothing of it is wanted. */
  readonly cleanStart: boolean
}

/** A page of what a session is made of, on its way to its new home. */
export interface PartFrame {
  readonly kind: 'part'
  readonly clientId: string
  readonly pull: number
  /** What the records are of; a matter of who moves sessions. */
  readonly stage: number
  /** Nothing of this stage comes behind it. */
  readonly last: boolean
  readonly records: readonly Uint8Array[]
}

/** The session is at its new home, whole. */
export interface MovedFrame {
  readonly kind: 'moved'
  readonly clientId: string
  readonly pull: number
}

/** Nothing comes of a pull: whoever has the session says so, or whoever wanted it. */
export interface GoneFrame {
  readonly kind: 'gone'
  readonly clientId: string
  readonly pull: number
  /** Why; a matter of who moves sessions. */
  readonly reason: string
}

/** What a middleware says to those of its kind. */
export interface NoteFrame {
  readonly kind: 'note'
  readonly subject: string
  readonly text: string
}

/** A will that is due, of a node that is dead: it is for whoever adopts that. */
export interface WillFrame {
  readonly kind: 'will'
  /** As a disk keeps it. */
  readonly will: Uint8Array
}

export type Frame =
  | MessageFrame
  | GroupFrame
  | HelloFrame
  | RoutesFrame
  | MarkFrame
  | PullFrame
  | PartFrame
  | MovedFrame
  | GoneFrame
  | NoteFrame
  | WillFrame

export type FrameKind = Frame['kind']
export type FrameOf<Kind extends FrameKind> = Extract<Frame, { kind: Kind }>

/** By the byte that a frame begins with, less one. */
const KINDS: readonly FrameKind[] = [
  'message',
  'group',
  'hello',
  'routes',
  'mark',
  'pull',
  'part',
  'moved',
  'gone',
  'note',
  'will',
]
const PARTS: readonly RoutesFrame['part'][] = ['change', 'first', 'next', 'last', 'only']

/** A frame with its kind in front. */
export function encodeFrame(frame: Frame): Uint8Array {
  if (frame.kind === 'message') return encodeMessageFrame(frame)
  const fields = new FieldWriter().byte(KINDS.indexOf(frame.kind) + 1)
  switch (frame.kind) {
    case 'group':
      fields.text(frame.share.group).text(frame.share.filter).text(frame.except).byte(frame.hops)
      fields.text(frame.publisher?.clientId).text(frame.publisher?.identity).number(frame.expiresAt)
      return fields.bytes(frame.packet).done()
    case 'hello':
      return fields.byte(frame.protocol).number(frame.number).done()
    case 'routes':
      return encodeRoutes(fields, frame)
    case 'mark':
      return fields.text(frame.owner).number(frame.version).number(frame.tag).done()
    case 'pull':
      fields.text(frame.clientId).number(frame.pull).number(frame.tenure).text(frame.identity)
      return fields.byte(frame.cleanStart ? 1 : 0).done()
    case 'part':
      fields.text(frame.clientId).number(frame.pull).byte(frame.stage)
      fields.byte(frame.last ? 1 : 0).number(frame.records.length)
      for (const record of frame.records) fields.bytes(record)
      return fields.done()
    case 'gone':
      return fields.text(frame.clientId).number(frame.pull).text(frame.reason).done()
    case 'note':
      return fields.text(frame.subject).text(frame.text).done()
    case 'will':
      return fields.bytes(frame.will).done()
    default:
      return fields.text(frame.clientId).number(frame.pull).done()
  }
}

function encodeRoutes(fields: FieldWriter, frame: RoutesFrame): Uint8Array {
  fields.text(frame.owner).number(frame.version).byte(PARTS.indexOf(frame.part)).number(frame.changes.length)
  for (const { filter, group, members, connected } of frame.changes) {
    fields.text(filter).text(group).number(members)
    fields.byte(connected ? 1 : 0)
  }
  for (const list of [frame.gone, frame.markers]) {
    fields.number(list.length)
    for (const node of list) fields.text(node)
  }
  fields.number(frame.tag)
  return fields.done()
}

/**
 * What {@link encodeFrame} wrote; byte fields are views.
 * @throws StackError `STORE_DAMAGED` for other bytes.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const fields = new FieldReader(bytes)
  const kind = KINDS[fields.byte() - 1]
  const frame = readFrame(kind, fields)
  if (!fields.isAtEnd) throw damaged(`a frame of the kind ${kind} with bytes behind its end`)
  return frame
}

function readFrame(kind: FrameKind | undefined, fields: FieldReader): Frame {
  switch (kind) {
    case 'message':
      return readMessageFrame(fields)
    case 'group': {
      const share = { group: fields.text() ?? '', filter: fields.text() ?? '' }
      const except = fields.text()
      const hops = fields.byte()
      const clientId = fields.text()
      const identity = fields.text()
      const publisher = clientId === undefined ? undefined : { clientId, identity }
      return { kind, share, except, hops, publisher, expiresAt: fields.number(), packet: fields.bytes() }
    }
    case 'hello':
      return { kind, protocol: fields.byte(), number: fields.number() }
    case 'routes':
      return readRoutes(fields)
    case 'mark':
      return { kind, owner: fields.text() ?? '', version: fields.number(), tag: fields.number() }
    case 'pull':
      return {
        kind,
        clientId: fields.text() ?? '',
        pull: fields.number(),
        tenure: fields.number(),
        identity: fields.text(),
        cleanStart: readFlag(fields),
      }
    case 'part': {
      const clientId = fields.text() ?? ''
      const pull = fields.number()
      const stage = fields.byte()
      const last = readFlag(fields)
      return { kind, clientId, pull, stage, last, records: readList(fields, () => fields.bytes()) }
    }
    case 'moved':
      return { kind, clientId: fields.text() ?? '', pull: fields.number() }
    case 'gone':
      return { kind, clientId: fields.text() ?? '', pull: fields.number(), reason: fields.text() ?? '' }
    case 'note':
      return { kind, subject: fields.text() ?? '', text: fields.text() ?? '' }
    case 'will':
      return { kind, will: fields.bytes() }
    default:
      throw damaged('a frame of no known kind')
  }
}

function readRoutes(fields: FieldReader): RoutesFrame {
  const owner = fields.text() ?? ''
  const version = fields.number()
  const part = PARTS[fields.byte()]
  if (part === undefined) throw damaged('a frame of routes that is no part of anything')
  const changes = readList(fields, () => ({
    filter: fields.text() ?? '',
    group: fields.text(),
    members: fields.number(),
    connected: readFlag(fields),
  }))
  const gone = readList(fields, () => fields.text() ?? '')
  const markers = readList(fields, () => fields.text() ?? '')
  return { kind: 'routes', owner, version, part, changes, gone, markers, tag: fields.number() }
}
