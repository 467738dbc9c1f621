import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestClient } from '@mqtt-stack/testing'
import { TestClient as Client, settle } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'
import { needs, programPath } from '../../../test/support/needs.ts'
import { spawned } from '../../../test/support/spawned.ts'
import { Load } from './sys/load.ts'

/** What a client has been given, by the topic behind `$SYS/broker/`. */
function valuesOf(client: TestClient): Map<string, string> {
  const messages = client.received.filter((packet) => packet.cmd === 'publish')
  return new Map(messages.map(({ topic, payload }) => [topic.replace('$SYS/broker/', ''), String(payload)]))
}

describe('$SYS', () => {
  it('is published retained, and then what has changed', async () => {
    const { broker, client, seconds } = metered({ sysInterval: 10_000, version: 'test 1' })
    await broker.start()
    await settle()
    const watcher = await client({ protocolVersion: 4 })
    await watcher.subscribe('$SYS/#')
    await settle()
    const first = watcher.received.filter((packet) => packet.cmd === 'publish')
    expect(first.every(({ retain }) => retain)).toBe(true)
    expect(valuesOf(watcher).get('version')).toBe('test 1')
    expect(valuesOf(watcher).get('clients/connected')).toBe('0')
    const before = watcher.received.length
    await seconds(10)
    await settle()
    const since = watcher.received.slice(before).filter((packet) => packet.cmd === 'publish')
    const topics = since.map(({ topic }) => topic)
    expect(topics).toContain('$SYS/broker/clients/connected')
    expect(topics).not.toContain('$SYS/broker/version')
    expect(since.some(({ retain }) => retain)).toBe(false)
    expect(valuesOf(watcher).get('clients/connected')).toBe('1')
    expect(valuesOf(watcher).get('uptime')).toBe('10 seconds')
  })

  it('leaves one line of the log a round at debug, and none for each message', async () => {
    const { broker, logger, seconds } = metered({ sysInterval: 1_000 }, { log: { level: 'debug' } })
    await broker.start()
    await settle()
    await seconds(2)
    await settle()
    const rounds = logger.events('metrics.published')
    expect(rounds).toHaveLength(3)
    for (const one of rounds)
      expect(one).toEqual({ event: 'metrics.published', topic: '$SYS/broker', count: expect.any(Number) })
    await broker.publish('a', 'x')
    expect(logger.events('message.published').map(({ topic }) => topic)).toEqual(['a'])
  })

  it('is read by whom access rules let, and written by nobody else', async () => {
    const { broker, client, seconds } = metered(
      { sysInterval: 1_000 },
      {},
      {
        name: 'Rules',
        subscribeTopic(ctx, store, next, done) {
          if (ctx.client?.id !== 'stranger' || !ctx.topic.startsWith('$SYS')) return next()
          store.grant = 0x87
          done()
        },
      },
    )
    await broker.start()
    const stranger = await client({ clientId: 'stranger' })
    await stranger.subscribe('$SYS/#')
    await stranger.publish('$SYS/broker/version', 'mine', { retain: true })
    const reader = await client({ clientId: 'reader' })
    await reader.subscribe('$SYS/#')
    await seconds(1)
    await settle()
    expect(valuesOf(stranger).size).toBe(0)
    expect(valuesOf(reader).get('version')).toBe('mqtt-stack')
  })

  it('is refused a place where clients could publish', async () => {
    const { broker } = metered({ sysInterval: 1_000, sysTopic: 'status' })
    await expect(broker.start()).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message:
        'Metrics: option "sysTopic" must be a control topic, such as $SYS/broker, not "status": clients could publish there (option "controlTopics" of the stack)',
    })
  })

  it.each([10, 999])('is not published each %i ms: whoever writes that means seconds', (sysInterval) => {
    expect(() => metered({ sysInterval })).toThrow(
      `Metrics: option "sysInterval" must be 0, or a number from 1000 (milliseconds), not ${sysInterval}`,
    )
  })

  it('has averages as Mosquitto takes them', () => {
    const load = new Load()
    for (let i = 1; i <= 60; i++) load.take(i * 10, 10)
    // 10 in 10 s are 60 a minute, and ten minutes are long enough for the shorter ones.
    expect(Object.fromEntries(load.values())).toEqual({ '1min': '60.00', '5min': '51.88', '15min': '29.19' })
  })
})

describe('beside a real Mosquitto', () => {
  /** A number, one with two decimals, or what it is otherwise. */
  const kindOf = (value = ''): string => value.replace(/\d+\.\d\d/g, '0.00').replace(/\b\d+\b/g, '0')

  it('the names are the same, and so are the kinds of values', async (context) => {
    needs(context, 'mosquitto')
    const folder = mkdtempSync(join(tmpdir(), 'sys-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'mosquitto.conf')
    const path = join(folder, 'socket')
    writeFileSync(
      file,
      `user root\nlog_dest stderr\nlistener 0 ${path}\nallow_anonymous true\nsys_interval 1\n`,
    )
    const mosquitto = spawned(programPath('mosquitto') as string, ['-c', file])
    await mosquitto.prints(/running/)
    const socket = connect(path)
    await once(socket, 'connect')
    const theirs = new Client(socket, { patience: 10_000 })
    await theirs.connect({ clientId: 'watcher' })
    await theirs.subscribe('$SYS/#')
    // It says each when it changes for the first time.
    const last = ['load/bytes/sent/15min', 'clients/maximum']
    while (!last.every((topic) => valuesOf(theirs).has(topic))) await theirs.next('publish')

    const { broker, client, seconds } = metered({ sysInterval: 1_000 })
    await broker.start()
    const ours = await client()
    await ours.subscribe('$SYS/#')
    await seconds(2)
    await settle()
    const [theirValues, ourValues] = [valuesOf(theirs), valuesOf(ours)]
    expect([...ourValues.keys()].sort()).toEqual([...theirValues.keys()].sort())
    for (const [topic, value] of theirValues) {
      if (topic === 'version') continue
      expect([topic, kindOf(ourValues.get(topic))]).toEqual([topic, kindOf(value)])
    }
    socket.destroy()
  })
})
