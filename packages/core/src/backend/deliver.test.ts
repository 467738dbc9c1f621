/** The last step of a relay: into the log of the receiver, then to its connection. */
import { RecordingLogger, settle, testStack } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Context } from '../contract/callbacks/index.ts'
import type { Client } from '../contract/client.ts'
import type { MiddlewareLike } from '../contract/middleware.ts'
import type { QoS } from '../packets/packets.ts'
import { Publish } from '../packets/publish.ts'
import { Stack } from '../stack/stack.ts'
import type { DeliveryTerms, Receiver } from './deliver.ts'
import { Deliverer } from './deliver.ts'

const packet = Publish.from({ topic: 'a', payload: 'hello', qos: 1 })
const alice = { id: 'alice' } as unknown as Client
const receiver = (given: Partial<Receiver> = {}): Receiver => ({
  clientId: 'alice',
  epoch: 3,
  client: alice,
  stored: true,
  ...given,
})

interface Setup {
  deliver: (to: Receiver, qos?: 0 | 1 | 2) => Promise<{ queued: number; dropped: number }>
  log: string[]
  forwarded: Context<'forwardMessage'>[]
  errors: Error[]
}

/** A stack with a log, a sender, and what `others` answer. */
function setup(...others: Omit<MiddlewareLike, 'name'>[]): Setup {
  const log: string[] = []
  const errors: Error[] = []
  const forwarded: Context<'forwardMessage'>[] = []
  const stack = new Stack({
    strict: true,
    logger: new RecordingLogger(),
    errorHandler: (error) => void errors.push(error),
  })
  stack.use(...others.map((other, i) => ({ name: `Other${i}`, ...other })))
  stack.use({
    name: 'Sender',
    forwardMessage(ctx, store) {
      log.push('forward')
      forwarded.push(ctx)
      store.outcome ??= 'sent'
    },
    messageDropped: ({ reason }) => void log.push(`dropped: ${reason}`),
  })
  const deliverer = new Deliverer(stack)
  const deliver: Setup['deliver'] = async (to, qos = 1) => {
    const counts = { queued: 0, dropped: 0 }
    await deliverer.deliver(to, packet, terms(qos), { messageId: 42 }, counts)
    return counts
  }
  return { deliver, log, forwarded, errors }
}

const terms = (qos: QoS): DeliveryTerms => ({
  qos,
  retain: false,
  identifiers: undefined,
  expiresAt: 0,
  share: undefined,
})

const store = (log: string[]): Omit<MiddlewareLike, 'name'> => ({
  async storeOfflineMessage({ messageId, epoch }, answer) {
    await null
    log.push(`store ${messageId} of epoch ${epoch}`)
    answer.sequence = 9
  },
})

describe('a message for a session that outlives its connection', () => {
  it.each([1, 2] as const)(
    'at QoS %i is stored first and then forwarded, with its place in the log',
    async (qos) => {
      const order: string[] = []
      const { deliver, forwarded } = setup(store(order), { forwardMessage: () => void order.push('forward') })
      expect(await deliver(receiver(), qos)).toEqual({ queued: 0, dropped: 0 })
      expect(order).toEqual(['store 42 of epoch 3', 'forward'])
      expect(forwarded).toMatchObject([
        { client: alice, packet, qos, retain: false, messageId: 42, sequence: 9 },
      ])
    },
  )

  it('at QoS 0 is forwarded and not stored', async () => {
    const order: string[] = []
    const { deliver, forwarded } = setup(store(order))
    await deliver(receiver(), 0)
    expect(order).toEqual([])
    expect(forwarded).toMatchObject([{ qos: 0, messageId: undefined, sequence: undefined }])
  })

  it('is queued when it has no connection', async () => {
    const { deliver, forwarded } = setup(store([]))
    expect(await deliver(receiver({ client: undefined }))).toEqual({ queued: 1, dropped: 0 })
    expect(forwarded).toEqual([])
  })

  it('goes to the connection that is there once it is stored', async () => {
    const bob = { id: 'bob' } as unknown as Client
    const to = { clientId: 'alice', epoch: 3, client: undefined as Client | undefined, stored: true }
    const { deliver, forwarded } = setup({
      async storeOfflineMessage() {
        await null
        to.client = bob
      },
    })
    await deliver(to)
    expect(forwarded.map(({ client }) => client)).toEqual([bob])
  })

  it('is dropped, and told, when the log is full', async () => {
    const { deliver, log, forwarded } = setup({
      storeOfflineMessage(_ctx, answer) {
        answer.dropped = true
      },
    })
    expect(await deliver(receiver())).toEqual({ queued: 0, dropped: 1 })
    expect(log).toEqual(['dropped: log-full'])
    expect(forwarded).toEqual([])
  })

  it('whose log fails is the caller’s error, and is not forwarded', async () => {
    const { deliver, forwarded } = setup({
      storeOfflineMessage() {
        throw new Error('disk full')
      },
    })
    await expect(deliver(receiver())).rejects.toThrow('disk full')
    expect(forwarded).toEqual([])
  })

  it('is forwarded without a log where nobody keeps one', async () => {
    const { deliver, forwarded } = setup()
    await deliver(receiver())
    expect(forwarded).toMatchObject([{ sequence: undefined }])
  })
})

describe('a message for a session that ends with its connection', () => {
  it('is forwarded and not stored', async () => {
    const order: string[] = []
    const { deliver, forwarded } = setup(store(order))
    await deliver(receiver({ stored: false }))
    expect([order, forwarded.length]).toEqual([[], 1])
  })

  it('is nobody’s when it has none', async () => {
    const { deliver, forwarded } = setup(store([]))
    expect(await deliver(receiver({ stored: false, client: undefined }))).toEqual({ queued: 0, dropped: 0 })
    expect(forwarded).toEqual([])
  })
})

describe('a forward', () => {
  it.each([
    ['sent', { queued: 0, dropped: 0 }],
    ['queued', { queued: 1, dropped: 0 }],
    ['dropped', { queued: 0, dropped: 1 }],
  ] as const)('that is %s is counted', async (outcome, counts) => {
    for (const forwardMessage of [
      (_ctx: object, answer: { outcome: unknown }) => {
        answer.outcome = outcome
      },
      async (_ctx: object, answer: { outcome: unknown }) => {
        await null
        answer.outcome = outcome
      },
    ]) {
      expect(await setup({ forwardMessage }).deliver(receiver({ stored: false }))).toEqual(counts)
    }
  })

  it.each(['throws', 'rejects'])('that %s is that receiver’s error, never the publisher’s', async (how) => {
    const { deliver, errors } = setup({
      forwardMessage() {
        if (how === 'throws') throw new Error('no')
        return Promise.reject(new Error('no'))
      },
    })
    expect(await deliver(receiver({ stored: false }))).toEqual({ queued: 0, dropped: 0 })
    expect(errors.map(({ message }) => message)).toEqual(['no'])
  })

  it('is done before the caller goes on when all answer at once', async () => {
    const { stack } = await testStack()
    const later = new Deliverer(stack).deliver(
      receiver({ stored: false }),
      packet,
      terms(1),
      { messageId: 1 },
      { queued: 0, dropped: 0 },
    )
    expect(later).toBeUndefined()
    await settle()
  })
})
