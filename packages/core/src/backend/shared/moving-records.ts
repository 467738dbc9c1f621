/** What a session is made of, as it goes from one node to another: a record for each thing. Instants are of the service's clock. */
import type { DueRetained, SubscriptionRecord } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import { FieldReader, FieldWriter } from '../disk/fields.ts'
import { KIND } from '../disk/keys.ts'
import type { StoredEntry, StoredSession, StoredWill } from '../disk/records.ts'
import * as records from '../disk/records.ts'

/** Who takes them. */
export interface Incoming {
  session(session: StoredSession): void
  subscription(subscription: SubscriptionRecord): void
  due(due: DueRetained): void
  inbound(packetId: number): void
  entry(sequence: number, entry: StoredEntry): void
  will(epoch: number, will: StoredWill): void
}

/** Each answers the bytes that {@link giveRecord} reads. */
export const moving = {
  session: (session: StoredSession): Uint8Array => write(KIND.session, 0, records.writeSession(session)),
  subscription: (subscription: SubscriptionRecord): Uint8Array =>
    write(KIND.subscription, 0, records.writeSubscription(subscription)),
  due: (due: DueRetained): Uint8Array => write(KIND.due, 0, records.writeDue(due)),
  inbound: (packetId: number): Uint8Array => write(KIND.inbound, packetId, new Uint8Array(0)),
  /** @param entry As a disk keeps it, with its message. */
  entry: (sequence: number, entry: Uint8Array): Uint8Array => write(KIND.entry, sequence, entry),
  /** @param will As a disk keeps it. */
  will: (epoch: number, will: Uint8Array): Uint8Array => write(KIND.will, epoch, will),
}

/** @throws StackError `STORE_DAMAGED` for another record than that of a session. */
export function sessionIn(bytes: Uint8Array): StoredSession {
  const fields = new FieldReader(bytes)
  const kind = fields.byte()
  if (kind !== KIND.session) throw new StackError('STORE_DAMAGED', `a record of kind ${kind} is no session`)
  fields.number()
  return records.readSession(fields.bytes())
}

/**
 * Hands a record to whoever takes it.
 * @throws StackError `STORE_DAMAGED` for what none of {@link moving} wrote.
 */
export function giveRecord(bytes: Uint8Array, into: Incoming): void {
  const fields = new FieldReader(bytes)
  const kind = fields.byte()
  const number = fields.number()
  const value = fields.bytes()
  switch (kind) {
    case KIND.session:
      into.session(records.readSession(value))
      break
    case KIND.subscription:
      into.subscription(records.readSubscription(value))
      break
    case KIND.due:
      into.due(records.readDue(value))
      break
    case KIND.inbound:
      into.inbound(number)
      break
    case KIND.entry:
      into.entry(number, records.readEntry(value))
      break
    case KIND.will:
      into.will(number, records.readWill(value))
      break
    default:
      throw new StackError('STORE_DAMAGED', `a session cannot have a record of kind ${kind}`)
  }
}

function write(kind: number, number: number, value: Uint8Array): Uint8Array {
  return new FieldWriter().byte(kind).number(number).bytes(value).done()
}
