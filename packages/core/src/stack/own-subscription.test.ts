/** Subscriptions of processes that are nodes of one service. */
import { settle } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { TestService } from '../../../../test/rig/nodes.ts'
import { subscribeProcess } from './own-subscription.ts'

describe('a subscription of a process among several nodes', () => {
  it.each([0, 1, 2] as const)('gets a message of QoS %i that came to another node, once', async (qos) => {
    const service = new TestService()
    const [one, two] = [await service.join('one'), await service.join('two')]
    const got: string[] = []
    const note = ({ payload }: { readonly payload: Buffer }): void => void got.push(payload.toString())
    const subscription = await subscribeProcess(one.stack, 'jobs/#', note, { qos })
    const sender = await two.client({ clientId: 'sender', clean: false })
    for (const payload of ['1', '2', '3']) await sender.publish('jobs/a', payload, { qos })
    await service.settle()
    expect(got).toEqual(['1', '2', '3'])
    await subscription.end()
    await sender.publish('jobs/a', '4', { qos })
    await service.settle()
    expect(got).toHaveLength(3)
  })

  it('is a member of a shared group as any client is', async () => {
    const service = new TestService()
    const nodes = [await service.join('one'), await service.join('two')]
    const got: string[][] = [[], []]
    for (const [i, { stack }] of nodes.entries())
      await subscribeProcess(stack, 'jobs/#', ({ payload }) => got[i]?.push(`${payload}`), {
        qos: 1,
        share: 'all',
      })
    const sender = await nodes[0]?.client({ clientId: 'sender' })
    for (let i = 0; i < 8; i++) await sender?.publish('jobs/a', `${i}`, { qos: 1 })
    await settle()
    await service.settle()
    expect(got.flat().sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })
})
