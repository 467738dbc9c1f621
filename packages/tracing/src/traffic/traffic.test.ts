/** Live trace: what comes, what goes, and what was decided, of whom it was asked for and nobody else. */
import type { MiddlewareLike, TrafficEvent } from '@mqtt-stack/core'
import { DONE } from '@mqtt-stack/core'
import type { VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import type { Broker } from '../../../../test/rig/traced.ts'
import { connected, tracedBroker } from '../../../../test/rig/traced.ts'
import { trafficLine } from '../index.ts'

const SECRET = 'do-not-show-me'

interface Setup {
  broker: Broker
  clock: VirtualClock
  seen: TrafficEvent[]
  over: string[]
  follow(terms: object): Promise<{ end?: () => void }>
}

async function setup(use: MiddlewareLike[] = [], options = {}): Promise<Setup> {
  const { broker, clock } = await tracedBroker({ use }, options)
  const seen: TrafficEvent[] = []
  const over: string[] = []
  const see = (event: TrafficEvent): void => void seen.push(event)
  const follow = (terms: object): Promise<{ end?: () => void }> =>
    broker.stack.call('followTraffic', { terms, see, over: (why) => over.push(why) })
  return { broker, clock, seen, over, follow }
}

const named = (seen: readonly TrafficEvent[], kind: TrafficEvent['kind']): string[] =>
  seen.filter((event) => event.kind === kind).map(({ name, clientId }) => `${clientId} ${name}`)

describe('a client that is followed', () => {
  it('is seen from its CONNECT on, with each packet and who decided, and nobody else is', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      authorizePacket({ packet }, store) {
        store.valid = packet.cmd !== 'publish' || packet.topic !== 'no'
        if (store.valid === false) store.reason = 'not there'
      },
    }
    const { broker, seen, follow } = await setup([rule])
    const other = await connected(broker, { clientId: 'other' })
    await follow({ clientId: 'lamp' })
    const lamp = await connected(broker, { clientId: 'lamp', protocolVersion: 5 })
    await lamp.subscribe('a/#', { qos: 1 })
    await other.publish('a/b', 'hello', { qos: 1 })
    await lamp.next('publish')
    await lamp.publish('no', 'x', { qos: 1 })
    await lamp.disconnect()
    await broker.close()
    expect(named(seen, 'in')).toEqual([
      'lamp connect',
      'lamp subscribe',
      'lamp puback',
      'lamp publish',
      'lamp disconnect',
    ])
    expect(named(seen, 'out')).toEqual(['lamp connack', 'lamp suback', 'lamp publish', 'lamp puback'])
    expect(new Set(seen.map(({ clientId }) => clientId))).toEqual(new Set(['lamp']))
    const refused = seen.find(({ name, fields }) => name === 'authorizePacket' && fields.topic === 'no')
    expect(refused?.steps).toMatchObject([
      { middleware: 'Rule', ended: true, said: { valid: false, reason: 'not there' } },
    ])
    const sent = seen.find(({ kind, name }) => kind === 'out' && name === 'publish')
    expect(sent?.fields).toEqual({ topic: 'a/b', qos: 1, packetId: expect.any(Number), bytes: 5 })
  })

  it('is not seen in questions of those who look on', async () => {
    const rule: MiddlewareLike = {
      name: 'Rule',
      authorizePacket(_ctx, store) {
        store.valid = true
        return DONE
      },
      explainDelivery(_ctx, store) {
        store.push({ middleware: 'Rule', cause: 'none', text: 'none' })
        return DONE
      },
    }
    const { broker, seen, follow } = await setup([rule])
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.subscribe('a/b')
    await broker.publish('a/b', 'x', { retain: true })
    await follow({ clientId: 'lamp' })
    await follow({ topic: 'a/b' })
    const { stack } = broker
    await stack.call('lookupSessions', { clientId: 'lamp', limit: 1 })
    await stack.call('lookupSubscriptions', { clientId: 'lamp' })
    await stack.call('explainDelivery', { topic: 'a/b', clientId: 'lamp', publisherId: 'lamp' })
    await broker.explain({ client: 'lamp', publish: 'a/b' })
    for await (const _one of broker.retained('a/b'));
    expect(seen.map(({ name }) => name)).toEqual([])
    await lamp.subscribe('a/b')
    expect(new Set(seen.map(({ name }) => name))).toContain('authorizePacket')
  })

  it('shows no password, no token, no data and, unless asked for, no payload', async () => {
    const { broker, seen, follow } = await setup([
      {
        name: 'Passwords',
        authenticateConnection(_ctx, store) {
          store.valid = true
          store.identity = 'joe'
        },
        authorizePacket(_ctx, store) {
          store.valid = true
        },
      },
    ])
    await follow({ clientId: 'lamp' })
    const lamp = await connected(broker, {
      clientId: 'lamp',
      username: `eyJhbGciOiJIUzI1NiJ9.e30.${SECRET}`,
      password: SECRET,
      will: { topic: 'w', payload: Buffer.from(SECRET), qos: 0, retain: false },
    })
    await lamp.publish('a', SECRET, { qos: 1 })
    await lamp.disconnect()
    await broker.close()
    expect(named(seen, 'in')).toEqual(['lamp connect', 'lamp publish', 'lamp disconnect'])
    expect(JSON.stringify(seen)).not.toContain(SECRET)
    expect(seen.find(({ name }) => name === 'connect')?.fields).toMatchObject({
      username: '(a token)',
      will: 'w',
    })
  })

  it('what middlewares say of it shows no token and no password of a URL, moves no cursor, and is cut', async () => {
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl'
    const { broker, seen, follow } = await setup([
      {
        name: 'Talker',
        authorizePacket(_ctx, store) {
          store.valid = false
          store.reason = `${token} http://joe:${SECRET}@example.com/ \u001b[2J${'x'.repeat(70_000)}`
        },
        relayMessage() {
          throw new Error(`${token} http://joe:${SECRET}@example.com/`)
        },
      },
    ])
    await follow({ clientId: 'lamp' })
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.publish('a', 'x', { qos: 1 })
    await broker.close()
    const text = JSON.stringify(seen)
    expect(text).toContain('(a token) http://(hidden)@example.com/')
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain(token)
    // Written down as a backslash, and not as the character: JSON has two of them then.
    expect(text).toContain('\\\\u001b[2J')
    expect(text.length).toBeLessThan(10_000)
  })

  it('shows payloads where they are asked for: text as text, bytes in hexadecimal digits, long ones cut off', async () => {
    const { broker, seen, follow } = await setup()
    await follow({ topic: 'p/+', payloads: true })
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.publish('p/a', 'hello\n', { qos: 1 })
    await lamp.publish('p/b', Buffer.from([0xff, 0xfe]), { qos: 1 })
    await lamp.publish('p/c', 'x'.repeat(1_000), { qos: 1 })
    await lamp.publish('q', 'not followed', { qos: 1 })
    await broker.close()
    const payloads = seen.filter(({ name, kind }) => name === 'publish' && kind === 'in')
    expect(payloads.map(({ fields }) => fields.payload)).toEqual(['hello\\u000a', 'fffe', 'x'.repeat(256)])
  })
})

describe('whoever follows', () => {
  it('a topic sees its messages, come and go, of all clients', async () => {
    const { broker, seen, follow } = await setup()
    const [one, other] = [
      await connected(broker, { clientId: 'one' }),
      await connected(broker, { clientId: 'other' }),
    ]
    await one.subscribe('#')
    await other.subscribe('#')
    await follow({ topic: 'a/+' })
    await one.publish('a/b', '1', { qos: 1 })
    await other.publish('b', '2', { qos: 1 })
    await other.next('publish')
    await broker.close()
    expect(named(seen, 'in')).toEqual(['one publish'])
    expect(named(seen, 'out').sort()).toEqual(['one publish', 'other publish'])
    const relay = seen.find(({ name }) => name === 'relayMessage')
    expect(relay?.steps.at(-1)).toMatchObject({ middleware: 'MemoryBackend', said: { matched: 2 } })
  })

  it('shows nothing that a middleware notes in a packet for itself', async () => {
    const note: MiddlewareLike = {
      name: 'Note',
      handles: ['publish'],
      handle(_client, packet) {
        Object.assign(packet, { mine: 7 })
      },
    }
    const { broker, seen, follow } = await setup([note])
    await follow({ clientId: 'lamp' })
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.publish('a', 'x', { qos: 1 })
    await broker.close()
    const steps = seen.filter(({ kind }) => kind === 'in').flatMap((event) => event.steps)
    expect(steps.map(({ said }) => said)).toEqual(steps.map(() => ({})))
  })

  it('says times to the microsecond, and nothing of an empty list', async () => {
    const { broker, seen, follow, clock } = await setup()
    clock.wall = () => 1_234.56789
    await follow({ clientId: 'lamp' })
    await connected(broker, { clientId: 'lamp' })
    await broker.close()
    expect(seen.find(({ name }) => name === 'connect')?.at).toBe(1_234.568)
    expect(seen.map(trafficLine).filter((line) => /=( |$)/.test(line))).toEqual([])
  })

  it('an address sees the clients of that address', async () => {
    const { broker, seen, follow } = await setup()
    await follow({ address: '192.0.2.7' })
    const listener = (remote: string) => ({ transport: 'tcp', local: true, remote })
    await connected(broker, { clientId: 'near', listener: listener('192.0.2.8:50000') })
    await connected(broker, { clientId: 'far', listener: listener('192.0.2.7:50000') })
    await broker.close()
    expect(named(seen, 'in')).toEqual(['far connect'])
  })

  it('sees no more than was asked for, and no longer', async () => {
    const { broker, seen, over, follow, clock } = await setup()
    await follow({ clientId: 'lamp', events: 3 })
    const lamp = await connected(broker, { clientId: 'lamp' })
    for (let i = 0; i < 5; i++) await lamp.publish('a', 'x', { qos: 1 })
    expect(seen).toHaveLength(3)
    expect(over).toEqual(['events'])
    await follow({ clientId: 'lamp', seconds: 5 })
    await clock.advance(5_000)
    const before = seen.length
    await lamp.publish('a', 'x', { qos: 1 })
    expect(seen).toHaveLength(before)
    expect(over).toEqual(['events', 'time'])
    const { end } = await follow({ clientId: 'lamp' })
    end?.()
    await lamp.publish('a', 'x', { qos: 1 })
    expect(seen).toHaveLength(before)
    await follow({ clientId: 'lamp' })
    await broker.close()
    expect(over).toEqual(['events', 'time', 'stopped'])
  })

  it('and throws is told to errorHandler once, and disturbs nobody', async () => {
    const { broker } = await setup()
    const lamp = await connected(broker, { clientId: 'lamp' })
    const see = (): void => {
      throw new Error('mine')
    }
    await broker.stack.call('followTraffic', { terms: { clientId: 'lamp' }, see })
    await lamp.publish('a', 'x', { qos: 1 })
    await lamp.publish('a', 'x', { qos: 1 })
    const { lines } = broker.stack.config.logger as unknown as { lines: { level: string; message: string }[] }
    expect(lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual(['mine'])
    lines.length = 0
    await broker.close()
  })

  it.each([
    [{}, 'follow: say whom: a clientId, a topic or an address'],
    [{ topic: 'a/#/b' }, 'follow: not a topic filter: "a/#/b"'],
    [{ address: 'banana' }, 'follow: not an address: "banana": say an IPv4 or IPv6 one'],
    [{ address: '::1:x' }, 'follow: not an address: "::1:x": say an IPv4 or IPv6 one'],
    [{ clientId: 'a', seconds: 3_601 }, 'follow: seconds must be above 0 and at most 3600, not 3601'],
    [{ clientId: 'a', events: 0 }, 'follow: events must be above 0 and at most 100000, not 0'],
  ])('by %o is told what is wrong', async (terms, message) => {
    const { broker, follow } = await setup()
    await expect(follow(terms)).rejects.toThrow(message)
    await broker.close()
  })

  it('is told where too many follow already', async () => {
    const { broker, follow } = await setup([], { followers: 1 })
    const { end } = await follow({ clientId: 'a' })
    await expect(follow({ clientId: 'b' })).rejects.toThrow(
      'follow: 1 follow already (option followers of Tracing)',
    )
    end?.()
    await follow({ clientId: 'b' })
    await broker.close()
  })
})

it('an event is one line', () => {
  const event: TrafficEvent = {
    at: Date.UTC(2026, 0, 1, 12, 0, 0, 125),
    kind: 'in',
    clientId: 'lamp',
    remote: undefined,
    name: 'publish',
    fields: { topic: 'a b', qos: 1 },
    steps: [
      { middleware: 'Rule', ended: true, said: { valid: false }, failed: undefined, milliseconds: 0.2 },
      { middleware: 'Bad', ended: false, said: {}, failed: 'no', milliseconds: undefined },
    ],
    milliseconds: 1.5,
  }
  expect(trafficLine(event)).toBe(
    '12:00:00.125 lamp > PUBLISH topic="a b" qos=1 1.50 ms | Rule valid=false done 0.20 ms | Bad failed: no',
  )
})
