/** The last packet of a connection that the server ends, by version, before and after acceptance. */
import type { TestClientOptions } from '@mqtt-stack/testing'
import { acceptAll, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import { ReasonCode } from '../packets/reason-codes.ts'

const five: TestClientOptions = { protocolVersion: 5 }

describe('before acceptance a 5.0 client gets a CONNACK', () => {
  it.each([
    [ReasonCode.NOT_AUTHORIZED, ReasonCode.NOT_AUTHORIZED],
    [ReasonCode.BAD_USER_NAME_OR_PASSWORD, ReasonCode.BAD_USER_NAME_OR_PASSWORD],
    // What CONNACK has no code for.
    [ReasonCode.SERVER_SHUTTING_DOWN, ReasonCode.SERVER_UNAVAILABLE],
    [ReasonCode.SESSION_TAKEN_OVER, ReasonCode.UNSPECIFIED_ERROR],
  ])('for reason %i with %i', async (reason, code) => {
    const { open } = await testStack({
      name: 'Refuse',
      handle: (from) => from.close(reason, { reason: 'because' }),
    })
    const alice = open(five)
    expect(await alice.connect()).toMatchObject({
      reasonCode: code,
      sessionPresent: false,
      properties: { reasonString: 'because' },
    })
    await alice.closed
  })

  it('with a reason that it can read, whatever somebody says', async () => {
    const reason = `a\u001b[31m\0\ud800\uffff\n${'x'.repeat(70_000)}`
    const { open } = await testStack({
      name: 'Refuse',
      handle: (from) => from.close(ReasonCode.NOT_AUTHORIZED, { reason }),
    })
    const { properties } = await open(five).connect()
    const bad = '\uFFFD'
    expect(properties?.reasonString).toBe(`a${bad}[31m${bad}${bad}${bad}${bad}${'x'.repeat(1_024 - 10)}`)
  })

  it('when its CONNECT is malformed', async () => {
    const { open } = await testStack(acceptAll())
    const alice = open(five)
    // The reserved connect flag is set.
    alice.raw([0x10, 15, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 3, 0, 60, 0, 0, 2, 0x69, 0x64])
    expect(await alice.next('connack')).toMatchObject({ reasonCode: ReasonCode.MALFORMED_PACKET })
    await alice.closed
  })
})

describe('after acceptance a 5.0 client gets a DISCONNECT', () => {
  async function connected(): Promise<{
    client: Client
    alice: Awaited<ReturnType<Awaited<ReturnType<typeof testStack>>['client']>>
  }> {
    const { client, stack } = await testStack(acceptAll())
    const alice = await client(five)
    return { client: [...stack.clients][0], alice }
  }

  it('with reason code, reason and server reference', async () => {
    const { client, alice } = await connected()
    client.close(ReasonCode.USE_ANOTHER_SERVER, { reason: 'full', serverReference: 'b.example' })
    expect(await alice.next('disconnect')).toMatchObject({
      reasonCode: ReasonCode.USE_ANOTHER_SERVER,
      properties: { reasonString: 'full', serverReference: 'b.example' },
    })
    await alice.closed
  })

  it('when it sent what cannot be read', async () => {
    const { alice } = await connected()
    alice.raw([0x36, 5, 0, 1, 0x61, 0, 1])
    expect(await alice.next('disconnect')).toMatchObject({ reasonCode: ReasonCode.MALFORMED_PACKET })
    await alice.closed
  })

  it('when a handler failed', async () => {
    const { client } = await testStack(
      {
        name: 'Clumsy',
        handles: ['publish'],
        handle() {
          throw new Error('no')
        },
      },
      acceptAll(),
    )
    const alice = await client(five)
    await alice.publish('a')
    expect(await alice.next('disconnect')).toMatchObject({ reasonCode: ReasonCode.UNSPECIFIED_ERROR })
  })

  it('and none where there is no reason to tell', async () => {
    const { client, alice } = await connected()
    client.close()
    await alice.closed
    await alice.expectNothing('disconnect')
  })
})
