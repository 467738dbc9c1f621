import { once } from 'node:events'
import { beforeEach, describe, expect, test } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { needs } from '../../../../test/support/needs.ts'
import type { Spawned } from '../../../../test/support/spawned.ts'
import { spawned } from '../../../../test/support/spawned.ts'
import type { Broker } from '../index.ts'

beforeEach((context) => needs(context, 'mosquitto_sub', 'mosquitto_pub', 'mosquitto_rr'))

function at(broker: Broker): string[] {
  const { host, port } = broker.addresses[0]
  return ['-V', '5', '-h', String(host), '-p', String(port)]
}

/** Runs to its end, which must be a good one. */
async function publish(broker: Broker, ...args: string[]): Promise<void> {
  const program = spawned('mosquitto_pub', [...at(broker), ...args])
  expect([await program.exited, program.stderr]).toEqual([0, ''])
}

/** A mosquitto_sub whose filter is granted; prints topic and payload unless it is told otherwise. */
async function subscribe(broker: Broker, ...args: string[]): Promise<Spawned> {
  const subscribed = once(broker, 'subscribed')
  const format = args.includes('-F') ? [] : ['-F', '%t|%p|%q|%r']
  const program = spawned('mosquitto_sub', [...at(broker), ...format, ...args])
  await Promise.race([subscribed, program.exited])
  return program
}

/** What a mosquitto_sub that waits for a number of messages (-C) has printed when it is through. */
async function received(program: Spawned): Promise<string[]> {
  expect([await program.exited, program.stderr]).toEqual([0, ''])
  return program.lines
}

describe('mosquitto_pub and mosquitto_sub at 5.0', () => {
  test('all QoS', async () => {
    const broker = await listeningBroker()
    const subscriber = await subscribe(broker, '-t', 'a/#', '-q', '2', '-C', '3')
    for (const qos of ['0', '1', '2']) await publish(broker, '-t', `a/${qos}`, '-q', qos, '-m', `QoS ${qos}`)
    expect(await received(subscriber)).toEqual(['a/0|QoS 0|0|0', 'a/1|QoS 1|1|0', 'a/2|QoS 2|2|0'])
  })

  test('a stream of messages with a topic alias, in order, within small receive maximums', async () => {
    const broker = await listeningBroker({ inboundManager: { receiveMaximum: 5 } })
    const lines = Array.from({ length: 300 }, (_, i) => `line ${i}`)
    const limit = ['-D', 'connect', 'receive-maximum', '3']
    const subscriber = await subscribe(broker, ...limit, '-t', 'lines', '-q', '2', '-C', '300')
    const publisher = spawned('mosquitto_pub', [...at(broker), '-t', 'lines', '-q', '2', '-l'])
    publisher.child.stdin?.end(`${lines.join('\n')}\n`)
    expect(await received(subscriber)).toEqual(lines.map((line) => `lines|${line}|2|0`))
    expect(await publisher.exited).toBe(0)
  })

  test('the properties of a message', async () => {
    const broker = await listeningBroker()
    const format = ['-F', '%p|%C|%D|%E|%F|%R|%S|%P']
    const subscriber = await subscribe(
      broker,
      ...['-t', 'a', '-q', '1', '-C', '1', ...format],
      ...['-D', 'subscribe', 'subscription-identifier', '268435455'],
      ...['-D', 'subscribe', 'user-property', 'who', 'me'],
    )
    await publish(
      broker,
      ...['-t', 'a', '-q', '1', '-m', 'x'],
      ...['-D', 'publish', 'content-type', 'text/plain'],
      ...['-D', 'publish', 'correlation-data', '42'],
      ...['-D', 'publish', 'message-expiry-interval', '60'],
      ...['-D', 'publish', 'payload-format-indicator', '1'],
      ...['-D', 'publish', 'response-topic', 'answer'],
      ...['-D', 'publish', 'user-property', 'b', '1'],
      ...['-D', 'publish', 'user-property', 'a', '2'],
      ...['-D', 'connect', 'user-property', 'who', 'me'],
    )
    expect(await received(subscriber)).toEqual(['x|text/plain|42|60|1|answer|268435455|b:1 a:2'])
  })

  test('a topic alias', async () => {
    const broker = await listeningBroker()
    const subscriber = await subscribe(broker, '-t', 'a', '-C', '3')
    await publish(broker, '-t', 'a', '-m', 'x', '--repeat', '3', '-D', 'publish', 'topic-alias', '1')
    expect(await received(subscriber)).toEqual(Array(3).fill('a|x|0|0'))
  })

  test('a stored session (-c, -x) and a maximum packet size', async () => {
    const broker = await listeningBroker()
    const session = ['-i', 'keeper', '-c', '-x', '60', '-t', 'log', '-q', '2']
    const first = await subscribe(broker, ...session, '-C', '1')
    await publish(broker, '-t', 'log', '-q', '2', '-m', 'live')
    expect(await received(first)).toEqual(['log|live|2|0'])
    for (const qos of ['1', '2']) await publish(broker, '-t', 'log', '-q', qos, '-m', `missed ${qos}`)
    await publish(broker, '-t', 'log', '-q', '1', '-m', 'x'.repeat(300))
    await publish(broker, '-t', 'log', '-q', '1', '-m', 'last')
    const limit = ['-D', 'connect', 'maximum-packet-size', '200']
    const second = await subscribe(broker, ...session, ...limit, '-C', '3')
    // QoS 2 is printed when it is released.
    expect((await received(second)).sort()).toEqual(['log|last|1|0', 'log|missed 1|1|0', 'log|missed 2|2|0'])
    const ended = await subscribe(broker, ...session.slice(0, 3), '-x', '0', '-t', 'other', '-E')
    expect(await ended.exited).toBe(0)
    await publish(broker, '-t', 'log', '-q', '1', '-m', 'too late')
    const third = await subscribe(broker, ...session, '-C', '1')
    await publish(broker, '-t', 'log', '-q', '1', '-m', 'live')
    expect(await received(third)).toEqual(['log|live|1|0'])
  })

  test('a will with properties and delay', async () => {
    const broker = await listeningBroker({ lastwill: { sweep: 10 } })
    const watcher = await subscribe(broker, '-t', 'gone', '-q', '1', '-C', '1', '-F', '%p|%C|%P|%q')
    const will = ['--will-topic', 'gone', '--will-payload', 'bye', '--will-qos', '1']
    const more = [
      ...['-D', 'will', 'will-delay-interval', '1'],
      ...['-D', 'will', 'content-type', 'text/plain'],
      ...['-D', 'will', 'user-property', 'a', 'b'],
    ]
    await publish(broker, '-t', 'x', '-m', 'polite', ...will, ...more)
    const lost = await subscribe(broker, '-t', 'x', '-x', '60', ...will, ...more)
    lost.child.kill('SIGKILL')
    expect(await received(watcher)).toEqual(['bye|text/plain|a:b|1'])
  })

  test('UNSUBSCRIBE', async () => {
    const broker = await listeningBroker()
    const session = ['-i', 'one', '-c', '-x', '60', '-q', '1']
    const first = await subscribe(broker, ...session, '-t', 'a', '-t', 'b', '-E')
    expect(await first.exited).toBe(0)
    const second = await subscribe(broker, ...session, '-t', 'c', '-U', 'b', '-E')
    expect(await second.exited).toBe(0)
    for (const topic of ['b', 'a', 'c']) await publish(broker, '-t', topic, '-m', 'x', '-q', '1')
    const third = spawned('mosquitto_sub', [...at(broker), '-F', '%t', ...session, '-t', 'c', '-C', '2'])
    expect(await received(third)).toEqual(['a', 'c'])
  })

  test('retain as published', async () => {
    const broker = await listeningBroker()
    const subscriber = await subscribe(broker, '-t', 'a', '--retain-as-published', '-C', '2')
    await publish(broker, '-t', 'a', '-m', 'x', '-r')
    await publish(broker, '-t', 'a', '-m', 'y')
    expect(await received(subscriber)).toEqual(['a|x|0|1', 'a|y|0|0'])
  })

  test('shared subscriptions', async () => {
    const broker = await listeningBroker()
    const members = []
    for (let i = 0; i < 2; i++)
      members.push(await subscribe(broker, '-t', '$share/g/a', '-q', '1', '-C', '2'))
    for (const payload of ['1', '2', '3', '4']) await publish(broker, '-t', 'a', '-q', '1', '-m', payload)
    const all = (await Promise.all(members.map(received))).flat()
    expect(all.sort()).toEqual(['a|1|1|0', 'a|2|1|0', 'a|3|1|0', 'a|4|1|0'])
  })

  test('requests and responses (mosquitto_rr)', async () => {
    const broker = await listeningBroker()
    const worker = await subscribe(broker, '-t', 'ask', '-C', '1', '-F', '%p|%R|%D')
    const subscribed = once(broker, 'subscribed')
    const asker = spawned('mosquitto_rr', [
      ...at(broker),
      ...['-t', 'ask', '-e', 'answers', '-m', 'time', '-D', 'publish', 'correlation-data', '7'],
    ])
    await subscribed
    expect(await received(worker)).toEqual(['time|answers|7'])
    await publish(broker, '-t', 'answers', '-m', 'noon')
    expect(await received(asker)).toEqual(['noon'])
  })

  test('an older receiver of a 5.0 publisher, and the reverse', async () => {
    const broker = await listeningBroker()
    const old = await subscribe(broker, '-V', '311', '-t', 'a', '-C', '1')
    const young = await subscribe(broker, '-t', 'a', '-C', '2', '-F', '%p|%C')
    await publish(broker, '-t', 'a', '-m', 'x', '-D', 'publish', 'content-type', 't')
    await publish(broker, '-V', '31', '-t', 'a', '-m', 'y')
    expect(await received(old)).toEqual(['a|x|0|0'])
    expect(await received(young)).toEqual(['x|t', 'y|'])
  })

  test('refusals with their reason', async () => {
    const broker = await listeningBroker({ inboundManager: { maximumQoS: 1 } })
    const named = spawned('mosquitto_pub', [...at(broker), '-u', 'eve', '-P', 'x', '-t', 'a', '-m', 'b'])
    expect(await named.exited).toBe(0x86)
    const willing = ['--will-topic', 'a', '--will-qos', '2', '-t', 'a', '-m', 'b']
    const will = spawned('mosquitto_pub', [...at(broker), ...willing])
    expect(await will.exited).toBe(0x9b)
  })
})
