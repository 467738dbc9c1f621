import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'

describe('server keep alive', () => {
  it.each([
    // maximum, asked for, told, and the seconds of silence that end it
    [0, 20, undefined, 30],
    [30, 20, undefined, 30],
    [30, 30, undefined, 45],
    [30, 31, 30, 45],
    [30, 60, 30, 45],
    [30, 0, 30, 45],
    [30, 65_535, 30, 45],
  ])(
    '[MQTT-3.1.2-21] [MQTT-3.2.2-21] [MQTT-3.2.2-22] at most %i: of %i CONNACK says %s, and that counts',
    async (maximum, keepalive, told, limit) => {
      const { accepted, seconds } = broker5({ keepalive: { maximum } })
      const [one, { properties }] = await accepted({ keepalive })
      expect(properties?.serverKeepAlive).toBe(told)
      await seconds(limit - 0.3)
      await one.ping()
      await seconds(limit - 0.3)
      await one.expectNothing()
      await seconds(0.6)
      expect((await one.next('disconnect')).reasonCode).toBe(0x8d)
      await one.closed
    },
  )

  it('0 is no keep alive where there is no maximum', async () => {
    const { accepted, seconds } = broker5()
    const [one, { properties }] = await accepted({ keepalive: 0 })
    expect(properties?.serverKeepAlive).toBeUndefined()
    await seconds(600)
    await one.ping()
  })

  it('is not for older clients, which could not know', async () => {
    const { client, seconds } = broker5({ keepalive: { maximum: 30 } })
    const old = await client({ protocolVersion: 4, keepalive: 60 })
    await seconds(80)
    await old.ping()
    await seconds(90)
    await old.closed
  })

  it('may be different with another grace', async () => {
    const { accepted, seconds } = broker5({ keepalive: { maximum: 10, grace: 2 } })
    const [one] = await accepted({ keepalive: 20 })
    await seconds(19.7)
    await one.ping()
    await seconds(20.3)
    expect((await one.next('disconnect')).reasonCode).toBe(0x8d)
  })
})
