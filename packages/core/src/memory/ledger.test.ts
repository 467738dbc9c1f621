import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import { Session } from '../contract/session.ts'
import { Publish } from '../packets/publish.ts'
import type { Account } from './account.ts'
import { defaultCeiling } from './ceiling.ts'
import { Ledger } from './ledger.ts'
import { MemoryReport } from './memory-report.ts'
import { addressOf } from './owner.ts'

const message = (bytes: number): Publish => Publish.from({ topic: 't', payload: 'x'.repeat(bytes) })

function client(identity: string | undefined, remote: string | undefined): Client {
  const session = new Session()
  session.identity = identity
  return { session, listener: { transport: 'tcp', local: false, remote } } as Client
}

describe('a ledger', () => {
  it('has a share for each owner, and a ceiling for all', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 0.5 })
    const [alice, bob] = [ledger.account('alice'), ledger.account('bob')]
    expect(alice.charge(500, false)).toBe(true)
    expect(alice.charge(1, false)).toBe(false)
    expect(bob.charge(500, false)).toBe(true)
    const carol = ledger.account('carol')
    expect(carol.charge(1, false)).toBe(false)
    expect([ledger.held, ledger.owners, ledger.refusals]).toEqual([1_000, 2, 2])
    bob.release(1)
    expect(carol.charge(1, false)).toBe(true)
  })

  it('keeps the last eighth, of all and of each share, for what ends with its connection', () => {
    const ledger = new Ledger({ memoryCeiling: 1_600, memoryShare: 0.5 })
    const [alice, bob] = [ledger.account('alice'), ledger.account('bob')]
    expect(alice.charge(700, true)).toBe(true)
    expect(alice.charge(1, true)).toBe(false)
    expect(alice.charge(100, false)).toBe(true)
    expect(bob.charge(600, true)).toBe(true)
    expect(bob.charge(1, true)).toBe(false)
    expect(ledger.common.charge(200, false)).toBe(true)
    expect(ledger.common.charge(1, false)).toBe(false)
  })

  it('forgets an owner who holds nothing', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 1 })
    const alice = ledger.account('alice')
    expect(ledger.owners).toBe(0)
    alice.charge(10, false)
    expect(ledger.account('alice')).toBe(alice)
    alice.release(10)
    expect([ledger.owners, ledger.held]).toEqual([0, 0])
  })

  it('never has two accounts of one owner, whoever held nothing meanwhile', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 0.5 })
    const [one, other] = [client('alice', undefined), client('alice', undefined)]
    const alice = ledger.accountOf(one)
    expect(ledger.accountOf(other)).toBe(alice)
    alice.charge(10, false)
    alice.release(10)
    const again = client('alice', undefined)
    expect(ledger.accountOf(again)).toBe(alice)
    alice.charge(500, false)
    expect(ledger.account('identity alice').charge(1, false)).toBe(false)
  })

  it('bounds what one owner may have, and the broker itself not', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 0.5 })
    const alice = ledger.account('alice')
    alice.connect()
    expect(alice.admits('connections')).toBe(true)
    ledger.bounds = { ...ledger.bounds, connections: 1, retained: 0 }
    expect([alice.admits('connections'), alice.admits('sessions'), alice.admits('retained')]).toEqual([
      false,
      true,
      false,
    ])
    expect(ledger.own.admits('retained')).toBe(true)
    expect([...ledger.accounts()]).toEqual([alice])
    alice.disconnect()
    expect([...ledger.accounts()]).toEqual([])
  })

  it('counts a message once in the sum, and for each owner who keeps it', () => {
    const ledger = new Ledger({ memoryCeiling: 10_000, memoryShare: 0.5 })
    const [alice, bob] = [ledger.account('alice'), ledger.account('bob')]
    const packet = message(1_000)
    const { size } = packet
    for (const account of [alice, bob, bob]) expect(account.keep(packet, 10, true)).toBe(true)
    expect([alice.held, bob.held, ledger.held]).toEqual([size + 10, 2 * size + 20, size + 30])
    alice.giveUp(packet, 10)
    bob.giveUp(packet, 10)
    expect([alice.held, bob.held, ledger.held]).toEqual([0, size + 10, size + 10])
    bob.giveUp(packet, 10)
    expect([ledger.held, ledger.owners]).toEqual([0, 0])
  })

  it('knows owners by their identity, or by where they come from', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 1 })
    const owner = (identity: string | undefined, remote?: string): string =>
      ledger.accountOf(client(identity, remote)).owner
    expect(owner('bob', '192.0.2.1:1')).toBe('identity bob')
    expect(owner(undefined, '192.0.2.1:1')).toBe('address 192.0.2.1')
    expect(owner(undefined, '192.0.2.1:2')).toBe('address 192.0.2.1')
    expect(owner('address 192.0.2.1')).toBe('identity address 192.0.2.1')
    expect(owner('')).toBe('identity ')
    expect(owner(undefined)).toBe('local')
  })

  it('counts a client’s messages with its session, and those of nobody with the broker', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 0.5 })
    const bob = client('bob', undefined)
    expect(ledger.accountFor({ client: bob }).owner).toBe('identity bob')
    expect(ledger.accountFor({ publisher: bob.session })).toBe(bob.session.account)
    const broker = { clientId: '', identity: undefined }
    expect(ledger.accountFor({ publisher: broker })).toBe(ledger.own)
    expect(ledger.own.charge(875, true)).toBe(true)
  })

  it('lets clients leave less untaken while outboxes hold more than a quarter of the ceiling', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000_000, memoryShare: 1 })
    ledger.weigh(250_000)
    expect(ledger.allowance(100_000)).toBe(100_000)
    ledger.weigh(1)
    expect(ledger.allowance(100_000)).toBe(16_384)
    expect(ledger.allowance(1_000)).toBe(1_000)
    ledger.weigh(-187_501)
    expect(ledger.allowance(100_000)).toBe(100_000)
    ledger.common.add(900_000)
    expect(ledger.allowance(100_000)).toBe(100_000)
    // Full, and a sixteenth of it in outboxes.
    ledger.weigh(1)
    expect(ledger.allowance(100_000)).toBe(16_384)
  })

  it('has a ceiling from the machine, its container and the heap', () => {
    expect(defaultCeiling()).toBeGreaterThan(50_000_000)
    expect(defaultCeiling()).toBeLessThan(5e12)
  })

  it('is at zero again whatever was kept and given up, and never above its limits', () => {
    const owners = ['alice', 'bob', 'carol']
    const action = fc.record({
      owner: fc.nat(2),
      packet: fc.nat(5),
      extra: fc.nat(20),
      lasting: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const ledger = new Ledger({ memoryCeiling: 3_000, memoryShare: 0.5 })
        const packets = Array.from({ length: 6 }, (_, i) => message(100 * i))
        const kept: (() => void)[] = []
        const keep = (account: Account, packet: Publish, extra: number, lasting: boolean): void => {
          if (account.keep(packet, extra, lasting)) kept.push(() => account.giveUp(packet, extra))
        }
        for (const { owner, packet, extra, lasting } of actions) {
          const account = ledger.account(owners[owner])
          keep(account, packets[packet], extra, lasting)
          expect(account.held).toBeLessThanOrEqual(ledger.share)
          expect(ledger.held).toBeLessThanOrEqual(ledger.ceiling)
          if (extra % 3 === 0) kept.shift()?.()
        }
        for (const giveUp of kept) giveUp()
        expect([ledger.held, ledger.owners]).toEqual([0, 0])
      }),
    )
  })
})

describe('where a connection comes from', () => {
  it.each([
    ['192.0.2.7', 'address 192.0.2.7'],
    ['192.0.2.7:4711', 'address 192.0.2.7'],
    ['[::ffff:192.0.2.7]:4711', 'address 192.0.2.7'],
    ['[2001:db8:1:2::7]:1', 'address 2001:db8:1:2'],
    ['2001:db8:1:2:aaaa:bbbb:cccc:dddd', 'address 2001:db8:1:2'],
    ['[2001:0db8:0001:2::]:1', 'address 2001:db8:1:2'],
    ['[::1]:1', 'address 0:0:0:0'],
    ['[fe80::1%eth0]:1', 'address fe80:0:0:0'],
    ['a name', 'address a name'],
    [undefined, 'local'],
  ])('%s counts as %s', (remote, owner) => {
    expect(addressOf(remote)).toBe(owner)
  })
})

describe('a report of refused memory', () => {
  it('comes at most once a minute, and cannot be forged by a name', () => {
    const ledger = new Ledger({ memoryCeiling: 1_000, memoryShare: 0.1 })
    const report = new MemoryReport(ledger)
    expect(report.next(0)).toBeUndefined()
    const bob = ledger.account('identity b\nob')
    bob.charge(80, true)
    for (let i = 0; i < 3; i++) bob.charge(80, true)
    const owner = '"identity b\\nob"'
    expect(report.next(1_000)).toEqual({ count: 3, owner, held: 80, owners: 1, total: 80, ceiling: 1_000 })
    bob.charge(80, true)
    expect(report.next(2_000)).toBeUndefined()
    expect(report.next(61_000)?.count).toBe(1)
    expect(report.next(200_000)).toBeUndefined()
  })
})
