/** Two processes whose clocks differ by an hour: sessions, messages, wills and leases go by the clock of Redis. */
import { Buffer } from 'node:buffer'
import { setTimeout as delay } from 'node:timers/promises'
import type { IClientOptions, IConnackPacket, IPublishPacket, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { startRedis } from '../../../../test/rig/redis/redis-server.ts'
import type { ServiceNode } from '../../../../test/rig/service.ts'
import { startNode } from '../../../../test/rig/service.ts'
import { needs } from '../../../../test/support/needs.ts'

const PRELOAD = new URL('../../../../test/rig/clock-ahead.mjs', import.meta.url).href
const AHEAD =
  "this machine's clock is 3600 s ahead of that of the store; sessions and messages go by the store's"

beforeEach((context) => needs(context, 'redis-server'))

/** The clock of the second one is an hour ahead. */
async function twoNodes(): Promise<readonly [ServiceNode, ServiceNode]> {
  const redis = await startRedis({ appendfsync: 'no' })
  onTestFinished(() => redis.stop())
  const env = { ...process.env, NODE_OPTIONS: `--import ${PRELOAD}` }
  const right = await startNode({ url: redis.url })
  return [right, await startNode({ url: redis.url }, { env })]
}

interface Connected {
  readonly mqtt: MqttClient
  /** Its session was there. */
  readonly present: boolean
  /** What has come, from the first moment on. */
  readonly got: IPublishPacket[]
}

async function client(
  { host, port }: ServiceNode,
  clientId: string,
  seconds: number,
  options: IClientOptions = {},
): Promise<Connected> {
  const mqtt = connect(`mqtt://${host}:${port}`, {
    clientId,
    clean: false,
    protocolVersion: 5,
    // Where the home of its session is dead it is refused (0x88) until another one has taken over.
    reconnectPeriod: 200,
    reconnectOnConnackError: true,
    properties: { sessionExpiryInterval: seconds },
    ...options,
  })
  onTestFinished(() => void mqtt.end(true))
  mqtt.on('error', () => {})
  const got: IPublishPacket[] = []
  mqtt.on('message', (_topic, _payload, packet) => got.push(packet))
  const { sessionPresent: present } = await new Promise<IConnackPacket>((resolve) =>
    mqtt.once('connect', resolve),
  )
  return { mqtt, present, got }
}

/** Without DISCONNECT, and for good. */
function drop({ mqtt }: Connected): void {
  mqtt.options.reconnectPeriod = 0
  mqtt.stream.destroy()
}

test('one that is an hour ahead says so in one line, and changes nothing', async () => {
  const [right, ahead] = await twoNodes()
  await ahead.cli.prints(new RegExp(AHEAD))
  expect(right.said).not.toContain("this machine's clock is")

  // A message that expires, for a session that is away, from one node to the other and back.
  const away = await client(right, 'away', 600)
  await away.mqtt.subscribeAsync('t', { qos: 1 })
  await away.mqtt.endAsync()
  const publisher = await client(ahead, 'publisher', 0)
  const lasting = (payload: string, messageExpiryInterval: number): Promise<unknown> =>
    publisher.mqtt.publishAsync('t', payload, { qos: 1, properties: { messageExpiryInterval } })
  await lasting('long', 600)
  await lasting('short', 1)
  // Sessions that end soon, and a will that comes soon, at both.
  const watcher = await client(right, 'watcher', 0)
  await watcher.mqtt.subscribeAsync('will/#', { qos: 1 })
  for (const [name, node] of [
    ['right', right],
    ['ahead', ahead],
  ] as const) {
    const brief = await client(node, `brief-${name}`, 1)
    await brief.mqtt.endAsync()
    const will = { topic: `will/${name}`, payload: Buffer.from(name), qos: 1 as const, retain: false }
    const willing = (delaySeconds: number) => ({ ...will, properties: { willDelayInterval: delaySeconds } })
    const mortal = await client(node, `mortal-${name}`, 600, { will: willing(1) })
    drop(mortal)
    const patient = await client(node, `patient-${name}`, 600, { will: willing(500) })
    drop(patient)
  }
  await delay(2_500)
  await expect.poll(() => watcher.got.map(({ topic }) => topic).sort()).toEqual(['will/ahead', 'will/right'])

  const back = await client(ahead, 'away', 600)
  expect(back.present).toBe(true)
  await expect.poll(() => back.got.map(({ payload }) => String(payload))).toEqual(['long'])
  const left = back.got[0].properties?.messageExpiryInterval ?? 0
  expect(left).toBeGreaterThan(500)
  expect(left).toBeLessThan(600)
  await back.mqtt.endAsync()
  for (const name of ['right', 'ahead'])
    for (const node of [right, ahead]) {
      const brief = await client(node, `brief-${name}`, 0)
      expect([name, brief.present]).toEqual([name, false])
      await brief.mqtt.endAsync()
    }

  // The lease of the one that is ahead ends as any other does, and what it had is as it was.
  await ahead.kill()
  const again = await client(right, 'away', 600)
  expect(again.present).toBe(true)
  const patient = await client(right, 'patient-ahead', 600)
  expect(patient.present).toBe(true)
  expect(watcher.got).toHaveLength(2)
})
