import { Publish } from '@mqtt-stack/core'
import { VirtualClock } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { TestService } from '../../../../../test/rig/nodes.ts'
import { ServiceClock } from './service-clock.ts'
import type { SharedStore } from './shared-store.ts'

const HOUR = 3_600_000

describe('the clock of the service', () => {
  let clock: VirtualClock
  let service: ServiceClock

  /** The store is an hour behind this machine, and 40 ms away. */
  beforeEach(async () => {
    clock = new VirtualClock({ now: 5_000 })
    const store = {
      time: async () => {
        clock.spend(20)
        const time = clock.wall() - HOUR
        clock.spend(20)
        return time
      },
    } as SharedStore
    service = new ServiceClock(store, clock)
    await service.sync()
  })

  it('is that of the store, whatever the machine says', () => {
    expect(service.now()).toBe(clock.wall() - HOUR)
    expect(service.ahead).toBe(HOUR)
    clock.set(0)
    expect(service.ahead).toBeLessThan(0)
  })

  it('is what is written down by', async () => {
    expect(service.asClock.wall()).toBe(service.now())
    expect(service.asClock.now()).toBe(clock.now())
    const fired: string[] = []
    service.asClock.after(10, () => void fired.push('once'))
    const timer = service.asClock.every(10, () => void fired.push('often'))
    await clock.advance(20)
    timer.cancel()
    expect(fired).toEqual(['once', 'often', 'often'])
  })

  it('takes instants of the stack there and back; 0 is never', () => {
    expect(service.toStack(service.fromStack(7_777))).toBe(7_777)
    expect(service.toStack(0)).toBe(0)
    expect(service.fromStack(0)).toBe(0)
  })

  it('leaves of a message what is left of its time', () => {
    const packet = Publish.from({ topic: 'a', qos: 1, properties: { messageExpiryInterval: 10 } })
    const at = service.now() + 10_000
    expect(service.age(packet, at)).toBe(packet)
    clock.spend(3_500)
    expect(service.age(packet, at)?.expiryInterval).toBe(7)
    clock.spend(6_500)
    expect(service.age(packet, at)).toBeUndefined()
    expect(service.age(packet, 0)).toBe(packet)
  })
})

describe('a machine whose clock differs', () => {
  it.each([
    [HOUR, 'ahead of'],
    [-HOUR, 'behind'],
  ])('by %i ms is told so in one line', async (by, which) => {
    const test = new TestService()
    test.ahead = by
    const node = await test.join('one')
    const lines = node.logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)
    expect(lines).toContain(
      `this machine's clock is 3600 s ${which} that of the store; sessions and messages go by the store's`,
    )
  })

  it('does not end sessions before their time, or later', async () => {
    const test = new TestService()
    const one = await test.join('one')
    const properties = { sessionExpiryInterval: 60 }
    const away = await one.client({ clientId: 'away', protocolVersion: 5, clean: false, properties })
    await away.disconnect()
    test.store.kill('one')
    test.ahead = HOUR
    await test.clock.advance(10_000)
    const next = await test.join('one')
    expect(next.backend.stats).toMatchObject({ sessions: 1 })
    await test.clock.advance(45_000)
    expect(next.backend.stats).toMatchObject({ sessions: 1 })
    await test.clock.advance(10_000)
    expect(next.backend.stats).toMatchObject({ sessions: 0 })
  })
})
