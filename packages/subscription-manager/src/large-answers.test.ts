import { describe, expect, it } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'

const filters = Array.from({ length: 50 }, (_, i) => `t/${i}`)

describe('an answer that is larger than the client takes', () => {
  it('ends the connection with 0x95: SUBACK', async () => {
    const { client } = broker5()
    const one = await client({ properties: { maximumPacketSize: 40 } })
    one.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: filters.map((topic) => ({ topic, qos: 0 as const })),
    })
    expect(await one.next('disconnect')).toMatchObject({ reasonCode: 0x95 })
    await one.closed
  })

  it('ends the connection with 0x95: UNSUBACK', async () => {
    const { client } = broker5()
    const one = await client({ properties: { maximumPacketSize: 40 } })
    one.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: filters })
    expect(await one.next('disconnect')).toMatchObject({ reasonCode: 0x95 })
    await one.closed
  })

  it('ends it without a word where the client takes no DISCONNECT either', async () => {
    const { client } = broker5()
    const one = await client({ properties: { maximumPacketSize: 30, sessionExpiryInterval: 60 } })
    one.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: filters })
    await one.closed
  })
})
