/** A message for the clients of a node, as bytes and back: most of what nodes say to each other. */
import type { Author, Share } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import type { Publish } from '../../packets/index.ts'
import { relayedOf } from '../../packets/index.ts'
import type { FieldReader } from '../disk/fields.ts'
import { FieldWriter } from '../disk/fields.ts'

/** The byte that such a frame begins with. */
export const MESSAGE = 1

const PLAIN = 0x01
const EXPIRES = 0x02
const GROUPS = 0x04

/** A message for the clients of a node. */
export interface MessageFrame {
  readonly kind: 'message'
  /** For its plain subscriptions, not for groups alone. */
  readonly plain: boolean
  /** And for these groups, each of which the node was chosen for. */
  readonly groups: readonly Share[]
  readonly publisher: Author
  /** When it is over, by the clock of the service (ms since 1970); 0 for never. */
  readonly expiresAt: number
  /** As `readRelayed()` takes it. */
  readonly relayed: Uint8Array
}

/** What a message has beside itself. */
export type MessageTerms = Omit<MessageFrame, 'kind' | 'relayed'>

/** The frame of a message, to be taken from the writer before the next one is written. */
export function writeMessageFrame(terms: MessageTerms, packet: Publish): FieldWriter {
  const fields = writeTerms(new FieldWriter(), terms)
  const { flags, header, bytes, start, length } = relayedOf(packet)
  return fields
    .uint32(1 + length)
    .byte(flags)
    .byte(header)
    .piece(bytes, start + 1, start + length)
}

/** The same of a message that is bytes already. */
export function encodeMessageFrame(frame: MessageFrame): Uint8Array {
  return writeTerms(new FieldWriter(), frame).bytes(frame.relayed).done()
}

function writeTerms(fields: FieldWriter, { plain, groups, publisher, expiresAt }: MessageTerms): FieldWriter {
  const flags = (plain ? PLAIN : 0) | (expiresAt === 0 ? 0 : EXPIRES) | (groups.length === 0 ? 0 : GROUPS)
  fields.byte(MESSAGE).byte(flags).name(publisher.clientId).text(publisher.identity)
  if (expiresAt !== 0) fields.number(expiresAt)
  if (groups.length === 0) return fields
  fields.uint32(groups.length)
  for (const { group, filter } of groups) fields.text(group).text(filter)
  return fields
}

const NO_GROUPS: readonly Share[] = []

/** What stands behind the first byte. */
export function readMessageFrame(fields: FieldReader): MessageFrame {
  const flags = fields.byte()
  if (flags > (PLAIN | EXPIRES | GROUPS))
    throw new StackError('STORE_DAMAGED', `another node sent a message with the flags ${flags}`)
  const publisher = { clientId: fields.name() ?? '', identity: fields.text() }
  const expiresAt = (flags & EXPIRES) === 0 ? 0 : fields.number()
  const groups = (flags & GROUPS) === 0 ? NO_GROUPS : readGroups(fields)
  return {
    kind: 'message',
    plain: (flags & PLAIN) !== 0,
    expiresAt,
    publisher,
    groups,
    relayed: fields.bytes(),
  }
}

/** The bytes bound how many there can be: each reads some. */
function readGroups(fields: FieldReader): Share[] {
  const groups: Share[] = []
  for (let left = fields.uint32(); left > 0; left--)
    groups.push({ group: fields.text() ?? '', filter: fields.text() ?? '' })
  return groups
}
