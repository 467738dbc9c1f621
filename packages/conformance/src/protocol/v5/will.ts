/** 3.1.2.5 and 3.1.3.2 of MQTT 5.0: when a will is published, and when it is not. */
import type { Chapter } from '../../harness/chapter.ts'
import { chapter } from '../../harness/chapter.ts'
import type { RawClient } from '../../harness/raw-client.ts'
import type { TestContext } from '../../harness/test-context.ts'
import * as encode from '../../wire/encode.ts'

const slow = { slow: true }

interface Way {
  readonly name: string
  /** Whether the will is published at all. */
  readonly fires: boolean
  end(client: RawClient): Promise<void>
}

/** The ways in which a connection ends. */
const WAYS: readonly Way[] = [
  { name: 'the network fails', fires: true, end: (client) => client.drop() },
  { name: 'the client says DISCONNECT of 0x00', fires: false, end: (client) => client.disconnect(0x00) },
  { name: 'the client says DISCONNECT without a code', fires: false, end: (client) => client.disconnect() },
  { name: 'the client says DISCONNECT of 0x04', fires: true, end: (client) => client.disconnect(0x04) },
  { name: 'the client says DISCONNECT of 0x80', fires: true, end: (client) => client.disconnect(0x80) },
  {
    name: 'the client breaks the protocol',
    fires: true,
    end: async (client) => {
      client.send(encode.publish(5, { topic: 'conformance/x', qos: 3 }))
      await client.gone()
    },
  },
]

/** Seconds of will delay and of session expiry, and after how many the will is due. */
const DELAYS: readonly (readonly [willDelay: number, sessionExpiry: number, due: number])[] = [
  [0, 0, 0],
  [0, 600, 0],
  [2, 600, 2],
  [600, 2, 2],
  [600, 0, 0],
  [2, 0, 0],
]

export function will(): Chapter {
  return chapter(5, '3.1.2 Will of 5.0', (test) => {
    for (const { name, fires, end } of WAYS) {
      const numbers = fires ? '3.1.2-8' : '3.1.2-10 3.14.4-3'
      test(numbers, `${fires ? 'publishes' : 'forgets'} the will when ${name}`, async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        const client = await t.connect({ will: { topic: t.topic(), payload: 'gone' } })
        await end(client)
        await t.target.settle?.()
        if (fires) await watcher.message({ payload: 'gone' })
        await t.silent(watcher)
      })
    }

    for (const [willDelay, sessionExpiry, due] of DELAYS) {
      const title = `publishes a will of delay ${willDelay} with session expiry ${sessionExpiry} after ${due} seconds`
      test(
        '3.1.2-8',
        title,
        async (t) => {
          const watcher = await t.connect()
          await watcher.subscribe(t.topic())
          const client = await t.connect(withWill(t, willDelay, sessionExpiry))
          await client.drop()
          await t.target.settle?.()
          if (due > 0) {
            await t.advance(due * 1_000 - 1_000)
            await t.silent(watcher)
            await t.advance(2_500)
          }
          await watcher.message({ payload: 'gone' })
          await t.silent(watcher)
        },
        { slow: due > 0 },
      )
    }

    test(
      '3.1.3-9',
      'does not publish a will whose session comes back before its delay has passed',
      async (t) => {
        const { watcher, clientId } = await gone(t, 3)
        await t.advance(1_000)
        const { connack } = await t.accepted({ clientId, clean: false, properties: { sessionExpiry: 600 } })
        t.check(connack.sessionPresent, 'the session was gone')
        await t.advance(4_000)
        await t.silent(watcher)
      },
      slow,
    )

    test(
      '3.1.3-9',
      'cancels a delayed will by the connection that takes the session over',
      async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        const clientId = t.clientId()
        const first = await t.connect({ clientId, ...withWill(t, 2, 600) })
        await t.connect({ clientId, clean: false, properties: { sessionExpiry: 600 } })
        await first.gone()
        await t.advance(4_000)
        await t.silent(watcher)
      },
      slow,
    )

    test('3.1.2-8', 'publishes a will without delay when its session is taken over', async (t) => {
      const watcher = await t.connect()
      await watcher.subscribe(t.topic())
      const clientId = t.clientId()
      await t.connect({ clientId, ...withWill(t, 0, 600) })
      await t.connect({ clientId, clean: false, properties: { sessionExpiry: 600 } })
      await watcher.message({ payload: 'gone' })
      await t.silent(watcher)
    })

    for (const connected of [true, false]) {
      const when = connected ? 'a new connection ends it' : 'a later connection ends it'
      test(
        '3.1.2-8',
        `publishes a delayed will at once when its session ends because ${when} by clean start`,
        async (t) => {
          const watcher = await t.connect()
          await watcher.subscribe(t.topic())
          const clientId = t.clientId()
          const first = await t.connect({ clientId, ...withWill(t, 600, 600) })
          if (!connected) await first.drop()
          await t.target.settle?.()
          await t.connect({ clientId, clean: true })
          await watcher.message({ payload: 'gone' })
          await t.silent(watcher)
        },
      )
    }

    test(
      '3.1.2-8',
      'publishes a delayed will when DISCONNECT ends its session and asks for the will',
      async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        const client = await t.connect(withWill(t, 600, 600))
        await client.disconnect(0x04, { sessionExpiry: 0 })
        await watcher.message({ payload: 'gone' })
      },
    )

    test(
      '3.1.2-10',
      'publishes the will of the connection that ended, not that of an earlier one',
      async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        const clientId = t.clientId()
        const session = { clientId, clean: false, properties: { sessionExpiry: 600 } }
        const first = await t.connect({ ...session, will: { topic: t.topic(), payload: 'first' } })
        await first.disconnect()
        const second = await t.connect({ ...session, will: { topic: t.topic(), payload: 'second' } })
        await second.drop()
        await watcher.message({ payload: 'second' })
        await t.silent(watcher)
      },
    )

    test(
      '3.3.2-6',
      "counts down a will's message expiry from when it is published",
      async (t) => {
        const watcher = await t.connect()
        await watcher.subscribe(t.topic())
        const client = await t.connect({
          will: { topic: t.topic(), payload: 'gone', properties: { messageExpiry: 100 } },
        })
        await t.advance(2_000)
        await client.drop()
        const { properties } = await watcher.message({ payload: 'gone' })
        const { messageExpiry = 0 } = properties
        t.check(messageExpiry >= 99 && messageExpiry <= 100, `it is ${messageExpiry}`)
      },
      slow,
    )
  })
}

interface WithWill {
  readonly will: encode.WillInput
  readonly properties: { sessionExpiry: number }
}

function withWill(t: TestContext, willDelay: number, sessionExpiry: number): WithWill {
  return {
    will: { topic: t.topic(), payload: 'gone', properties: { willDelay } },
    properties: { sessionExpiry },
  }
}

/** A client whose network failed and whose will is delayed by some seconds. */
async function gone(t: TestContext, willDelay: number): Promise<{ watcher: RawClient; clientId: string }> {
  const watcher = await t.connect()
  await watcher.subscribe(t.topic())
  const clientId = t.clientId()
  const client = await t.connect({ clientId, ...withWill(t, willDelay, 600) })
  await client.drop()
  await t.target.settle?.()
  return { watcher, clientId }
}
