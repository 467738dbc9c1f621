import type { Client } from '@mqtt-stack/core'
import { acceptAll, testStack, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, test } from 'vitest'
import { Decisions, publishKind } from './decisions.ts'
import type { Question } from './messages.ts'

const clock = new VirtualClock()

async function connection(): Promise<{ client: Client; hangUp: () => Promise<void> }> {
  const { connection, settle } = await testStack(acceptAll())
  const { client, stream } = connection()
  return {
    client,
    async hangUp() {
      stream.destroy()
      await settle()
    },
  }
}

function publish(topic: string): Question {
  return { action: 'publish', topic, qos: 0, retain: false }
}

const find = (decisions: Decisions, client: Client, topic: string) =>
  decisions.find(client, publishKind(0, false), topic, clock)

describe('decisions', () => {
  test('are those of one connection, and go with it', async () => {
    const decisions = new Decisions(100)
    const [one, other] = [await connection(), await connection()]
    decisions.keep(one.client, publish('a'), 'allow', 1_000, clock)
    decisions.keep(other.client, publish('a'), 'deny', 1_000, clock)
    expect([find(decisions, one.client, 'a'), find(decisions, other.client, 'a')]).toEqual(['allow', 'deny'])
    await one.hangUp()
    expect(decisions.weight).toBe(1)
    decisions.keep(one.client, publish('a'), 'allow', 1_000, clock)
    expect(decisions.weight).toBe(1)
    await other.hangUp()
    expect(decisions.weight).toBe(0)
  })

  test('go when the client is in other groups', async () => {
    const decisions = new Decisions(100)
    const { client } = await connection()
    decisions.keep(client, publish('a'), 'allow', 1_000, clock)
    client.session.groups = ['staff']
    expect(find(decisions, client, 'a')).toBeUndefined()
    decisions.keep(client, publish('b'), 'allow', 1_000, clock)
    expect([decisions.weight, find(decisions, client, 'a'), find(decisions, client, 'b')]).toEqual([
      1,
      undefined,
      'allow',
    ])
  })

  test('are bounded over all connections, also where topics are long', async () => {
    const decisions = new Decisions(10)
    const { client } = await connection()
    for (let i = 0; i < 1_000; i++) decisions.keep(client, publish(`a/${i}`), 'allow', 1_000, clock)
    expect(decisions.weight).toBe(10)
    expect([find(decisions, client, 'a/989'), find(decisions, client, 'a/990')]).toEqual([undefined, 'allow'])
    decisions.keep(client, publish('x'.repeat(2_000)), 'allow', 1_000, clock)
    expect([find(decisions, client, 'a/997'), find(decisions, client, 'a/998')]).toEqual([undefined, 'allow'])
    decisions.keep(client, publish('x'.repeat(4_000)), 'allow', 1_000, clock)
    expect(decisions.weight).toBe(0)
  })

  test('are replaced, not doubled', async () => {
    const decisions = new Decisions(10)
    const { client } = await connection()
    decisions.keep(client, publish('a'), 'allow', 1_000, clock)
    decisions.keep(client, publish('a'), 'deny', 1_000, clock)
    expect([decisions.weight, find(decisions, client, 'a')]).toEqual([1, 'deny'])
  })

  test('of wills are not kept: a connection has one', async () => {
    const decisions = new Decisions(10)
    const { client } = await connection()
    decisions.keep(client, { ...publish('a'), action: 'will' }, 'allow', 1_000, clock)
    expect(decisions.weight).toBe(0)
  })
})
