import { acceptAll, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import type { Context } from '../contract/callbacks/index.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { ReasonCode } from '../packets/reason-codes.ts'

type Told = Context<'clientRefused'>

function listens(told: Told[]): MiddlewareLike {
  return {
    name: 'Listens',
    clientRefused(ctx) {
      told.push(ctx)
    },
  }
}

describe('clientRefused is told of a connection that is closed before it is accepted', () => {
  const refuse = (reasonCode: number | undefined, reason?: string, cause?: Error): MiddlewareLike => ({
    name: 'Refuse',
    handles: ['connect'],
    handle: (client) => client.close(reasonCode, { reason, cause }),
  })

  test('with its reason, in a code and in words', async () => {
    const told: Told[] = []
    const rig = await testStack({ use: [listens(told), refuse(ReasonCode.BANNED, 'go away')] })
    const alice = rig.open({ clientId: 'alice' })
    expect(await alice.connect({ username: 'joe', password: 'secret' })).toMatchObject({ returnCode: 5 })
    await alice.closed
    expect(told).toEqual([expect.objectContaining({ reasonCode: 0x8a, reason: 'go away', cause: undefined })])
    expect(told[0].client?.username).toBe('joe')
    expect(told[0].listener.transport).toBe('memory')
  })

  test('for what could not be read', async () => {
    const told: Told[] = []
    const rig = await testStack({ use: [listens(told), acceptAll()] })
    const alice = rig.open()
    alice.stream.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await alice.closed
    expect(told).toHaveLength(1)
    expect(told[0].reasonCode).toBeGreaterThanOrEqual(0x80)
    expect(told[0].reason).toBe(told[0].cause?.message)
  })

  test('for an error of its stream, but not for a connection that is lost or hangs up', async () => {
    const told: Told[] = []
    const rig = await testStack({ use: [listens(told), acceptAll()] })
    rig.open().stream.end()
    await settle()
    rig.open()
    const [client] = rig.stack.clients
    client.stream.destroy(
      Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }),
    )
    await settle()
    expect(told).toEqual([])
    rig.open()
    const [other] = rig.stack.clients
    other.stream.destroy(new Error('bad record'))
    await settle()
    expect(told.map(({ reason, reasonCode }) => [reason, reasonCode])).toEqual([['bad record', 0x80]])
  })

  test('and not for one that was accepted', async () => {
    const told: Told[] = []
    const rig = await testStack({ use: [listens(told), acceptAll()] })
    const alice = await rig.client({ clientId: 'alice' })
    for (const client of rig.stack.clients) client.close(ReasonCode.ADMINISTRATIVE_ACTION)
    await alice.closed
    expect(told).toEqual([])
  })
})

test('a stream that tells of an error and stays open is closed all the same', async () => {
  const rig = await testStack({ use: [acceptAll()] })
  const alice = await rig.client({ clientId: 'alice' })
  const [client] = rig.stack.clients
  client.stream.emit('error', new Error('TLS session renegotiation attack detected'))
  await alice.closed
  expect(rig.stack.clients.size).toBe(0)
})
