import type { Client, MessageSampler, Stack as StackType } from '@mqtt-stack/core'
import { Publish, RelayContext, Relayer, RelayStore, Stack } from '@mqtt-stack/core'
import type { TestStack } from '@mqtt-stack/testing'
import { acceptAll, RecordingLogger, settle, testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'

interface Seen {
  topic: string
  weight: number
}

const NOBODY = { clientId: '', identity: undefined }
const message = (topic: string): Publish => Publish.from({ topic, payload: 'x' })

function relays(stack: StackType): (topic: string) => void | Promise<void> {
  const relayer = new Relayer(stack)
  return (topic) =>
    relayer.relay(new RelayContext(undefined, message(topic), NOBODY, undefined), new RelayStore())
}

function recorder(): { sampler: MessageSampler; begun: Seen[]; times: string[] } {
  const begun: Seen[] = []
  const times: string[] = []
  const sampler: MessageSampler = {
    begun: (ctx, weight) => void begun.push({ topic: ctx.topic, weight }),
    relayed: (seconds, weight) => void times.push(`relayed ${seconds} of ${weight}`),
    delivered: (seconds, weight, receivers) =>
      void times.push(`delivered ${seconds} of ${weight} to ${receivers}`),
  }
  return { sampler, begun, times }
}

/** Relays to all of a list of clients, at once or later. */
async function fanOut(later?: () => Promise<void>): Promise<{ test: TestStack; receivers: Client[] }> {
  const receivers: Client[] = []
  const test = await testStack(acceptAll(), {
    name: 'FanOut',
    relayMessage(ctx): void | Promise<void> {
      const send = (): void => {
        for (const client of receivers) client.publish(ctx.packet, 0, false, false, 0)
      }
      if (later === undefined) send()
      else return later().then(send)
    },
  })
  return { test, receivers }
}

describe('messages that are sampled', () => {
  it('are all, where few come', async () => {
    const clock = new VirtualClock()
    const stack = new Stack({ clock, logger: new RecordingLogger() }).use({
      name: 'Sink',
      relayMessage: () => undefined,
    })
    const relay = relays(stack)
    const { sampler, begun } = recorder()
    stack.sampleMessages(sampler)
    for (let i = 0; i < 20; i++) {
      relay(`a/${i}`)
      await clock.advance(20)
    }
    expect(begun).toEqual(Array.from({ length: 20 }, (_, i) => ({ topic: `a/${i}`, weight: 1 })))
  })

  it('are one in many, where many come, and stand for the others', async () => {
    const clock = new VirtualClock()
    const stack = new Stack({ clock, logger: new RecordingLogger() }).use({
      name: 'Sink',
      relayMessage: () => undefined,
    })
    const relay = relays(stack)
    const { sampler, begun } = recorder()
    stack.sampleMessages(sampler)
    const sent = 100_000
    for (let i = 0; i < sent; i++) relay('a')
    expect(begun.length).toBeGreaterThan(sent / 1_024 / 2)
    expect(begun.length).toBeLessThan((sent / 1_024) * 2)
    const weight = begun.reduce((sum, one) => sum + one.weight, 0)
    expect(Math.abs(weight - sent)).toBeLessThan(2_048)
  })

  it('are not chosen in a rhythm that publishers may have', () => {
    const clock = new VirtualClock()
    const stack = new Stack({ clock, logger: new RecordingLogger() }).use({
      name: 'Sink',
      relayMessage: () => undefined,
    })
    const relay = relays(stack)
    const { sampler, begun } = recorder()
    stack.sampleMessages(sampler)
    for (let i = 0; i < 640_000; i++) relay(`a/${i % 64}`)
    expect(new Set(begun.map(({ topic }) => topic)).size).toBeGreaterThan(40)
  })

  it('are none once nobody wants them any more', () => {
    const stack = new Stack({ clock: new VirtualClock(), logger: new RecordingLogger() }).use({
      name: 'Sink',
      relayMessage: () => undefined,
    })
    const relay = relays(stack)
    const { sampler, begun } = recorder()
    const end = stack.sampleMessages({ ...sampler, every: 1 })
    relay('a')
    end()
    relay('b')
    expect(begun).toEqual([{ topic: 'a', weight: 1 }])
  })
})

describe('times of a message', () => {
  it('are those of its relay, and of each turn in which it goes to sockets', async () => {
    const { test, receivers } = await fanOut(() => new Promise((done) => test.clock.after(40, done)))
    receivers.push(test.connection().client, test.connection().client)
    const { sampler, times } = recorder()
    test.stack.sampleMessages({ ...sampler, every: 1 })
    const later = relays(test.stack)('a')
    await test.advance(40)
    await later
    await settle()
    expect(times).toEqual(['relayed 0.04 of 1', 'delivered 0.04 of 1 to 2'])
  })

  it('begin when its bytes came', async () => {
    const { test, receivers } = await fanOut()
    receivers.push(test.connection().client)
    const publisher = test.connection().client
    await test.advance(5)
    const { sampler, times } = recorder()
    test.stack.sampleMessages({ ...sampler, every: 1 })
    const ctx = new RelayContext(publisher, message('a'), publisher.session, undefined)
    new Relayer(test.stack).relay(ctx, new RelayStore())
    await settle()
    expect(times).toEqual(['relayed 0 of 1', 'delivered 0.005 of 1 to 1'])
  })

  it('are those of the message that a rule put in its place', async () => {
    const receivers: Client[] = []
    const test = await testStack(
      acceptAll(),
      {
        name: 'Rule',
        relayMessage: (ctx) => {
          ctx.packet = ctx.packet.with({ topic: 'b' })
        },
      },
      {
        name: 'FanOut',
        relayMessage: (ctx) => {
          for (const client of receivers) client.publish(ctx.packet, 0, false, false, 0)
        },
      },
    )
    receivers.push(test.connection().client)
    const publisher = test.connection().client
    const { sampler, times } = recorder()
    test.stack.sampleMessages({ ...sampler, every: 1 })
    const ctx = new RelayContext(publisher, message('a'), publisher.session, undefined)
    new Relayer(test.stack).relay(ctx, new RelayStore())
    await settle()
    expect(times).toEqual(['relayed 0 of 1', 'delivered 0 of 1 to 1'])
  })

  it('are not forgotten for those of a message that is faster', async () => {
    const waits: (() => void)[] = []
    const { test } = await fanOut(() => new Promise((done) => waits.push(done)))
    const { sampler, times, begun } = recorder()
    test.stack.sampleMessages({ ...sampler, every: 1 })
    const relay = relays(test.stack)
    const slow = relay('slow')
    await test.advance(100)
    for (let i = 0; i < 5; i++) void relay('fast')
    waits[0]()
    await slow
    expect(begun).toHaveLength(6)
    expect(times).toEqual(['relayed 0.1 of 1'])
    // The next one stands for those that were passed over.
    void relay('next')
    waits[6]()
    await settle()
    expect(times).toEqual(['relayed 0.1 of 1', 'relayed 0 of 6'])
  })

  it('are given up for a relay that takes too long, and taken again', async () => {
    let answer = (): void => {}
    const { test } = await fanOut(
      () =>
        new Promise((done) => {
          answer = done
        }),
    )
    const { sampler, times } = recorder()
    test.stack.sampleMessages({ ...sampler, every: 1 })
    const relay = relays(test.stack)
    void relay('never')
    await test.advance(10_000)
    void relay('next')
    answer()
    await settle()
    expect(times).toEqual(['relayed 0 of 1'])
  })

  it('of a relay that fails are none, and the next has some', async () => {
    let fails = true
    const test = await testStack(acceptAll(), {
      name: 'Failing',
      relayMessage() {
        if (fails) throw new Error('no')
      },
    })
    const { sampler, times } = recorder()
    test.stack.sampleMessages({ ...sampler, every: 1 })
    const relay = relays(test.stack)
    expect(() => relay('a')).toThrow('no')
    fails = false
    relay('b')
    expect(times).toEqual(['relayed 0 of 1'])
  })
})
