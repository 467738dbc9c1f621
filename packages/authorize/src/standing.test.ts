import type { MiddlewareLike } from '@mqtt-stack/core'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { Authorize } from './index.ts'

describe('a yes that stands', () => {
  const asked: string[] = []
  let stands = true

  /** Says yes to everything; of what it has said yes to it says so at once, as long as that stands. */
  const rules: MiddlewareLike = {
    name: 'Rules',
    authorizePacket({ packet }, store) {
      if (packet.cmd === 'publish') asked.push(packet.topic)
      store.valid = true
      store.standing = { by: rules, allows: (_client, { topic }) => stands && asked.includes(topic) }
    },
  }
  const noted: string[] = []
  const notes: MiddlewareLike = { name: 'Notes', clientConnected() {} }

  beforeEach(() => {
    asked.length = 0
    stands = true
  })

  it('is not asked for again, until it does not stand', async () => {
    const { client } = await testStack(new Authorize(), rules, acceptAll())
    const alice = await client()
    for (const topic of ['a', 'a', 'b', 'b', 'a']) await alice.publish(topic)
    expect(asked).toEqual(['a', 'b'])
    stands = false
    for (const topic of ['a', 'a']) await alice.publish(topic)
    expect(asked).toEqual(['a', 'b', 'a', 'a'])
  })

  it('says nothing where somebody else is to be asked, too', async () => {
    const { client, stack } = await testStack(new Authorize(), notes, rules, acceptAll())
    const alice = await client()
    for (const topic of ['no', 'no']) await alice.publish(topic)
    expect(asked).toEqual(['no'])
    notes.authorizePacket = ({ packet }, store) => {
      if (packet.cmd !== 'publish') return
      noted.push(packet.topic)
      if (packet.topic === 'no') store.valid = false
    }
    stack.refresh()
    for (const topic of ['no', 'a', 'a']) await alice.publish(topic)
    expect(noted).toEqual(['no', 'a', 'a'])
    expect(asked).toEqual(['no', 'a', 'a'])
  })
  it('is asked for again while somebody follows: he sees each question', async () => {
    const { client, stack } = await testStack(new Authorize(), rules, acceptAll())
    const alice = await client()
    for (const topic of ['a', 'a']) await alice.publish(topic)
    const seen: string[] = []
    const end = stack.observation.follow({
      wants: (_client, _ctx, callback) => callback === 'authorizePacket',
      ran: ({ callback }) => seen.push(callback),
    })
    for (const topic of ['a', 'a']) await alice.publish(topic)
    end()
    await alice.publish('a')
    expect(seen).toEqual(['authorizePacket', 'authorizePacket'])
    expect(asked).toEqual(['a', 'a', 'a'])
  })
})
