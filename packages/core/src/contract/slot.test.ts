import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { Session } from './session.ts'
import { Slot } from './slot.ts'

describe('Slot', () => {
  it('makes the state of a host at the first call, and keeps it', () => {
    let made = 0
    const state = new Slot(() => ({ number: ++made }))
    const [a, b] = [new Session(), new Session()]
    expect(state.of(a)).toEqual({ number: 1 })
    expect(state.of(b)).toEqual({ number: 2 })
    expect(state.of(a)).toBe(state.of(a))
    expect(made).toBe(2)
  })

  it('peek() makes nothing', () => {
    const state = new Slot(() => ({ on: true }))
    const host = new Session()
    expect(state.peek(host)).toBeUndefined()
    state.of(host)
    expect(state.peek(host)).toEqual({ on: true })
  })

  it('set() replaces', () => {
    const state = new Slot(() => 1)
    const host = new Session()
    state.set(host, 2)
    expect(state.of(host)).toBe(2)
  })

  it('slots of one host do not meet, in whatever order they are filled', () => {
    const slots = Array.from({ length: 20 }, (_, i) => new Slot(() => ({ i })))
    const host = new Session()
    for (const i of [13, 2, 19, 0]) slots[i].of(host)
    for (const [i, slot] of slots.entries()) expect(slot.of(host)).toEqual({ i })
  })

  it('keeps values that are falsy', () => {
    let made = 0
    const state = new Slot<number | null>(() => {
      made++
      return 0
    })
    const host = new Session()
    state.of(host)
    expect([state.of(host), made]).toEqual([0, 1])
    state.set(host, null)
    expect(state.of(host)).toBeNull()
  })

  it('is typed by what it makes', () => {
    const state = new Slot(() => new Map<string, number>())
    expectTypeOf(state.of(new Session())).toEqualTypeOf<Map<string, number>>()
    expectTypeOf(state.peek(new Session())).toEqualTypeOf<Map<string, number> | undefined>()
  })
})

describe('Session', () => {
  it('every client has one from its first byte, and one of its own', async () => {
    const { connection } = await testStack(acceptAll())
    const [a, b] = [connection().client, connection().client]
    expect(a.session).toBeInstanceOf(Session)
    expect(a.session).not.toBe(b.session)
    expect(a.session.client).toBe(a)
    expect(a.id).toBe('')
  })

  it('names its client', async () => {
    const { client, stack } = await testStack(acceptAll())
    await client({ clientId: 'alice' })
    expect([...stack.clients].map(({ id }) => id)).toEqual(['alice'])
  })

  it('outlives its connection with its slots', async () => {
    const state = new Slot(() => ({ count: 0 }))
    const { client, stack } = await testStack(acceptAll())
    const alice = await client()
    const { session } = [...stack.clients][0]
    state.of(session).count = 7
    await alice.drop()
    expect(state.of(session).count).toBe(7)
  })

  it('is stored when it outlives its connection', () => {
    const session = new Session()
    expect(session.stored).toBe(false)
    session.expiryInterval = 0xffffffff
    expect(session.stored).toBe(true)
  })
})
