/** What waits in Redis for a node that does not read has a bound. */
import type { MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { start } from '../../../test/rig/redis/passing.ts'
import { ask } from '../../../test/rig/redis/redis-cluster.ts'
import type { ServiceNode } from '../../../test/rig/service.ts'
import { startNode } from '../../../test/rig/service.ts'
import { needs } from '../../../test/support/needs.ts'

beforeEach((context) => needs(context, 'redis-server'))

const BOUND = 2 ** 20
const BODY = Buffer.alloc(20_000, 'body ')

async function client({ host, port }: ServiceNode, clientId: string): Promise<MqttClient> {
  const properties = { sessionExpiryInterval: 300 }
  const options = { clientId, clean: false, protocolVersion: 5, reconnectPeriod: 0, properties } as const
  const made = await connectAsync(`mqtt://${host}:${port}`, options)
  onTestFinished(() => void made.end(true))
  return made.on('error', () => {})
}

it('it grows no further while a node stands still, and all that was acknowledged comes when it goes on', async () => {
  const redis = await start()
  // Its lease does not end.
  const common = { url: redis.url, lease: 120_000, inboxBytes: BOUND }
  const one = await startNode({ ...common, node: 'one' })
  const two = await startNode({ ...common, node: 'two' })
  const reader = await client(one, 'reader')
  const got = new Set<number>()
  reader.on('message', (_, payload) => got.add(payload.readUInt32BE(0)))
  await reader.subscribeAsync('a', { qos: 1 })
  const sender = await client(two, 'sender')
  const taken: number[] = []
  let number = 0
  /** Whether it was taken. */
  const publish = async (): Promise<boolean> => {
    const body = Buffer.from(BODY)
    const at = number++
    body.writeUInt32BE(at)
    try {
      await sender.publishAsync('a', body, { qos: (1 + (at % 2)) as 1 | 2 })
      taken.push(at)
      return true
    } catch (error) {
      expect(error).toMatchObject({ code: 0x97 })
      return false
    }
  }
  one.cli.child.kill('SIGSTOP')
  while (await publish()) expect(number).toBeLessThan(200)
  expect(number).toBeGreaterThan(30)
  for (let i = 0; i < 50; i++) await publish()
  const inbox = 'mqtt-stack:{node:one}:inbox'
  const bytes = Number(await ask(redis, 'MEMORY', 'USAGE', inbox, 'SAMPLES', '0'))
  expect(bytes).toBeGreaterThan(BOUND / 2)
  expect(bytes).toBeLessThan(1.5 * BOUND)
  expect(two.cli.stderr + two.cli.stdout).toMatch(/the node one does not read what is sent to it/)
  one.cli.child.kill('SIGCONT')
  await expect.poll(() => taken.filter((at) => !got.has(at))).toEqual([])
  await expect.poll(publish, { interval: 200 }).toBe(true)
  await expect.poll(async () => Number(await ask(redis, 'XLEN', inbox))).toBe(0)
})
