/** Control topics are the broker's, whatever the stack is made of. */
import { RecordingLogger } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import { RelayContext, RelayStore } from '../contract/relay.ts'
import type { StackOptions } from '../contract/stack-options.ts'
import { Publish } from '../packets/publish.ts'
import { ReasonCode } from '../packets/reason-codes.ts'
import { Stack } from './stack.ts'

const SELF = { clientId: '', identity: undefined }
const ALICE = { clientId: 'alice', identity: undefined }

/** What becomes of a message in a stack whose only rule lets everything pass. */
async function relay(
  topic: string,
  publisher: RelayContext['publisher'],
  client?: Client,
  options?: StackOptions,
): Promise<{ relayed: string[]; store: RelayStore }> {
  const relayed: string[] = []
  const all: MiddlewareLike = { name: 'All', relayMessage: ({ packet }) => void relayed.push(packet.topic) }
  const stack = new Stack({ logger: new RecordingLogger(), ...options }).use(all)
  const store = new RelayStore()
  await stack.run(
    'relayMessage',
    new RelayContext(client, Publish.from({ topic }), publisher, undefined),
    store,
  )
  return { relayed, store }
}

const client = {} as Client

describe('control topics', () => {
  it.each(['$SYS', '$SYS/broker/load', '$SYS/'])('a client cannot publish to %s', async (topic) => {
    const { relayed, store } = await relay(topic, ALICE, client)
    expect(relayed).toEqual([])
    expect(store).toMatchObject({ vetoed: true, reasonCode: ReasonCode.NOT_AUTHORIZED })
  })

  it('a client without a name cannot either', async () => {
    expect((await relay('$SYS/a', SELF, client)).relayed).toEqual([])
  })

  it('nor can the will of a client that is gone', async () => {
    expect((await relay('$SYS/a', ALICE)).relayed).toEqual([])
  })

  it('the broker itself can', async () => {
    expect((await relay('$SYS/a', SELF)).relayed).toEqual(['$SYS/a'])
  })

  it('but what a bridge of Mosquitto says of itself is anybody’s within the rules, in that one branch', async () => {
    const state = '$SYS/broker/connection/host.bridge/state'
    expect((await relay(state, ALICE, client)).relayed).toEqual([state])
    expect((await relay(state, ALICE)).relayed).toEqual([state])
    for (const other of [
      '$SYS/broker/connection/state',
      '$SYS/broker/connection//state',
      '$SYS/broker/connection/a/b/state',
      '$SYS/broker/connection/a/state/b',
      '$SYS/broker/connection/a/statement',
      '$SYS/broker/connections/a/state',
    ])
      expect((await relay(other, ALICE, client)).relayed).toEqual([])
    for (const root of ['$SYS/broker/connection', state])
      expect((await relay(state, ALICE, client, { controlTopics: ['$SYS', root] })).relayed).toEqual([])
  })

  it.each(['$SYSTEM/a', '$sys/a', '$other', 'a/$SYS', '/$SYS'])('%s is an ordinary topic', async (topic) => {
    expect((await relay(topic, ALICE, client)).relayed).toEqual([topic])
  })

  it('are what the option says', async () => {
    const options = { controlTopics: ['$SYS', '$CONTROL/security'] }
    expect((await relay('$CONTROL/security/v1', ALICE, client, options)).relayed).toEqual([])
    expect((await relay('$CONTROL/other', ALICE, client, options)).relayed).toEqual(['$CONTROL/other'])
    expect((await relay('$SYS/a', ALICE, client, { controlTopics: [] })).relayed).toEqual(['$SYS/a'])
  })

  it.each(['$SYS', [1], ['SYS'], ['$SYS/#'], ['']])('the option may not be %j', (controlTopics) => {
    expect(() => new Stack({ controlTopics } as StackOptions)).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  it('a stack in which nobody relays answers nothing', () => {
    expect(new Stack().answers('relayMessage')).toBe(false)
  })

  it('rules see what was vetoed as little as stores do, wherever they stand', async () => {
    const seen: string[] = []
    const first: MiddlewareLike = {
      name: 'First',
      relayMessage(ctx, store, next) {
        seen.push(ctx.topic)
        store.vetoed = false
        next()
      },
    }
    const stack = new Stack({ logger: new RecordingLogger() }).use(first)
    stack.refresh()
    const store = new RelayStore()
    await stack.run(
      'relayMessage',
      new RelayContext(client, Publish.from({ topic: '$SYS/a' }), ALICE, undefined),
      store,
    )
    expect(seen).toEqual([])
    expect(store.vetoed).toBe(true)
  })
})
