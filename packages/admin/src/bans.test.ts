/** Bans by the thousand, and what others say of them. */
import type { Stack } from '@mqtt-stack/core'
import { settle, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { openAdmin } from '../../../test/rig/admin.ts'
import { BanSharing } from './ban-sharing.ts'
import type { SharedBan } from './bans.ts'
import { Bans } from './bans.ts'
import { Nodes } from './nodes.ts'

const MOST = 10_000
const YEAR = 31_536_000
const shared = (more: object): SharedBan =>
  ({ id: 'i', reason: 'r', left: 60_000, version: 1, lifted: false, clientId: 'a', ...more }) as SharedBan

describe('bans', () => {
  it('that were taken away make room for others, however many came and went', () => {
    const bans = new Bans(new VirtualClock())
    const told = Array.from({ length: MOST }, (_, i) => shared({ clientId: `old${i}`, lifted: true }))
    expect(bans.merge(told)).toBe(MOST)
    for (let i = 0; i < MOST; i++) expect(bans.add({ clientId: `c${i}` }, YEAR, 'noise')).toBeDefined()
    expect(bans.add({ clientId: 'more' }, YEAR, 'noise')).toBeUndefined()
    expect(bans.remove(bans.list()[0]?.id ?? '')).toBe(true)
    expect(bans.add({ clientId: 'more' }, YEAR, 'noise')).toBeDefined()
    expect(bans.list()).toHaveLength(MOST)
  })

  it('that another node took away push out none that is known here', () => {
    const bans = new Bans(new VirtualClock())
    for (let i = 0; i < MOST; i++) bans.add({ clientId: `c${i}` }, YEAR, 'noise')
    bans.remove(bans.list()[0]?.id ?? '')
    expect(bans.merge([shared({ clientId: 'x', lifted: true })])).toBe(0)
    expect(bans.shared().filter(({ lifted }) => lifted)).toHaveLength(1)
  })
})

describe('between nodes', () => {
  it('bans of the longest names come, and those who hear of many look at their clients once', async () => {
    const clock = new VirtualClock()
    const most = 1_048_576
    /** Two nodes that hear each other. */
    const all: { readonly nodes: Nodes; readonly bans: Bans; looks: number }[] = []
    for (const self of [0, 1]) {
      const stack = {
        clock,
        pace: { spent: false },
        answers: () => true,
        background: (work: () => unknown) => void Promise.resolve().then(work),
        get clients() {
          all[self].looks++
          return []
        },
        call: async (_: string, { text, subject }: { text: string; subject: string }) => {
          if (text.length > most) throw new Error('too long')
          all[1 - self].nodes.told({ node: `n${self}`, subject, text } as never)
          return { nodes: [`n${1 - self}`] }
        },
      } as unknown as Stack
      const bans = new Bans(clock)
      const nodes = new Nodes(stack)
      all.push({ nodes, bans, looks: 0 })
      const sharing = new BanSharing(stack, bans, nodes)
      if (self === 0)
        for (let i = 0; i < 40; i++)
          bans.add({ clientId: `${i}`.padEnd(65_535, i % 2 ? '\u0001' : 'x') }, 60, 'noise')
      else for (let i = 0; i < 3; i++) sharing.start()
    }
    await settle()
    expect(all[1].bans.list()).toHaveLength(40)
    expect(all[1].bans.digest).toBe(all[0].bans.digest)
    expect(all[1].looks).toBeLessThanOrEqual(2)
  })

  it('what is forged does not hold where an operator could not take it away again', async () => {
    const { broker, ask } = await openAdmin()
    for (const more of [
      { id: 'x'.repeat(21) },
      { id: 'a/b' },
      { version: Number.MAX_SAFE_INTEGER },
      { version: 0 },
      { version: -1 },
      { clientId: 'x'.repeat(65_536) },
    ])
      broker.stack.tell('nodeTold', {
        node: 'other',
        subject: 'admin',
        text: JSON.stringify({ kind: 'bans', said: [shared(more)] }),
      })
    expect((await ask('/api/bans')).body).toEqual([])
  })

  it('a reason that no packet can carry is cut and made one', async () => {
    const { broker, client } = await openAdmin()
    const lamp = await client({ clientId: 'lamp', protocolVersion: 5 })
    const said = { clientId: 'lamp', reasonCode: 0x98, reason: `\0\ud800${'x'.repeat(100_000)}` }
    const text = JSON.stringify({ kind: 'kick', said })
    broker.stack.tell('nodeTold', { node: 'other', subject: 'admin', text })
    const { properties } = await lamp.next('disconnect')
    expect(properties?.reasonString).toBe(`\uFFFD\uFFFD${'x'.repeat(1_022)}`)
  })

  it('what fails while another node is heard is told, and nobody waits for it', async () => {
    const { broker, logger } = await openAdmin()
    const nodes = new Nodes(broker.stack)
    nodes.on('x', () => Promise.reject(new Error('it broke')))
    nodes.on('y', () => {
      throw new Error('at once')
    })
    for (const kind of ['x', 'y'])
      nodes.told({ node: 'other', subject: 'admin', text: JSON.stringify({ kind }) } as never)
    await settle()
    expect([...logger.errors].sort()).toEqual(['at once', 'it broke'])
  })
})
