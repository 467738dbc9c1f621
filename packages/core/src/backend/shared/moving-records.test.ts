/** What a session is made of, as bytes and back. */
import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { FieldWriter } from '../disk/fields.ts'
import { writeEntry, writeWill } from '../disk/records.ts'
import type { Incoming } from './moving-records.ts'
import { giveRecord, moving, sessionIn } from './moving-records.ts'

const SESSION = {
  id: 1,
  clientId: 'bob',
  identity: undefined,
  owner: 'bob',
  epoch: 3,
  firstEpoch: 2,
  stored: true,
  expiryInterval: 60,
  expiresAt: 1_767_225_600_000,
  sequences: 100_000,
  begun: 17,
  willDueAt: 0,
}
const SUBSCRIPTION = {
  topic: 't/#',
  qos: 2,
  options: { topic: 't/#', qos: 2, nl: true },
  identifier: 7,
} as const
const DUE = { topic: 't/#', since: 5, qos: 1, identifier: undefined, after: 't/a' } as const
const ENTRY = {
  messageId: 9,
  qos: 2,
  retain: true,
  released: false,
  identifiers: [7],
  expiresAt: 0,
  share: undefined,
  publisher: { clientId: 'sensor', identity: 'alice' },
  size: 12,
  interval: Number.POSITIVE_INFINITY,
  message: Buffer.from('bytes'),
} as const
const WILL = { clientId: 'bob', identity: undefined, owner: 'bob', delay: 5, message: Buffer.from('gone') }

function taken(): { readonly into: Incoming; readonly found: unknown[] } {
  const found: unknown[] = []
  const note =
    (kind: string) =>
    (...given: unknown[]): void =>
      void found.push([kind, ...given])
  return {
    found,
    into: {
      session: note('session'),
      subscription: note('subscription'),
      due: note('due'),
      inbound: note('inbound'),
      entry: note('entry'),
      will: note('will'),
    },
  }
}

describe('a record of a session that moves', () => {
  it('is at the other node what it was', () => {
    const { into, found } = taken()
    const all = [
      moving.session(SESSION),
      moving.subscription(SUBSCRIPTION),
      moving.due(DUE),
      moving.inbound(65_535),
      moving.entry(12, writeEntry(ENTRY)),
      moving.will(3, writeWill(WILL)),
    ]
    for (const record of all) giveRecord(record, into)
    expect(found).toEqual([
      ['session', SESSION],
      ['subscription', SUBSCRIPTION],
      ['due', DUE],
      ['inbound', 65_535],
      ['entry', 12, ENTRY],
      ['will', 3, WILL],
    ])
    expect(sessionIn(all[0])).toEqual(SESSION)
  })

  it('of no known kind, or cut off, is refused', () => {
    const { into } = taken()
    const unknown = new FieldWriter().byte(0x77).number(0).bytes(new Uint8Array(0)).done()
    expect(() => giveRecord(unknown, into)).toThrow('a session cannot have a record of kind 119')
    const whole = moving.session(SESSION)
    for (let length = 0; length < whole.length; length++)
      expect(() => giveRecord(whole.subarray(0, length), into)).toThrow()
    expect(() => sessionIn(moving.inbound(1))).toThrow('a record of kind 19 is no session')
  })
})
