/** `mqtt-stack --redis URL`: several processes that are one service, each and as workers of one. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'mqtt'
import type { TestContext } from 'vitest'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CLI, clientOf, messages, mqttStack, STORED, urlOf } from '../../../test/rig/command.ts'
import type { RedisServer } from '../../../test/rig/redis/redis-server.ts'
import { startRedis } from '../../../test/rig/redis/redis-server.ts'
import { LEASE } from '../../../test/rig/service.ts'
import { needs } from '../../../test/support/needs.ts'
import { openRedis } from './durable.ts'

beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('not built: run `npm run build`')
})

/** Comes back, also where it was refused because its session is not here yet. */
const ROAMING = { protocolVersion: 5, reconnectPeriod: 100, reconnectOnConnackError: true } as const

async function redis(context: TestContext): Promise<RedisServer> {
  needs(context, 'redis-server')
  const server = await startRedis()
  onTestFinished(() => server.stop())
  return server
}

describe('--redis', () => {
  test('makes processes one service', async (context) => {
    const { url } = await redis(context)
    const [one, other] = [mqttStack('--redis', url, '--node', 'one'), mqttStack('--redis', url)]
    const subscriber = await clientOf(one, { ...STORED, clientId: 'subscriber' })
    await subscriber.subscribeAsync({ 'a/#': { qos: 2 } })
    const publisher = await clientOf(other, { clientId: 'publisher', protocolVersion: 5 })
    const live = messages(subscriber, 3)
    for (const qos of [0, 1, 2] as const) await publisher.publishAsync(`a/${qos}`, 'live', { qos })
    expect(await live).toEqual(['a/0 live', 'a/1 live', 'a/2 live'])

    await subscriber.endAsync()
    await publisher.publishAsync('a/b', 'away', { qos: 1 })
    await publisher.publishAsync('kept', 'retained', { qos: 1, retain: true })
    const back = connect(await urlOf(other), { ...STORED, clientId: 'subscriber', reconnectPeriod: 0 })
    onTestFinished(() => void back.end(true))
    expect(await messages(back, 1)).toEqual(['a/b away'])
    const kept = messages(back, 1)
    await back.subscribeAsync('kept')
    expect(await kept).toEqual(['kept retained'])
  })

  test('gives what a killed process had to another one', async (context) => {
    const { url } = await redis(context)
    const file = configuration(url)
    const [one, other] = [mqttStack('--config', file), mqttStack('--config', file)]
    const subscriber = await clientOf(one, { ...STORED, clientId: 'subscriber' })
    await subscriber.subscribeAsync('a', { qos: 1 })
    const publisher = await clientOf(other, { ...ROAMING, clientId: 'publisher' })
    one.child.kill('SIGKILL')
    await one.exited
    const taken: string[] = []
    for (let i = 0; taken.length < 10; i++)
      await publisher.publishAsync('a', String(i), { qos: 1 }).then(
        () => taken.push(String(i)),
        // Refused: on a busy machine a node may be without its lease for a moment.
        () => {},
      )
    const back = connect(await urlOf(other), { ...STORED, ...ROAMING, clientId: 'subscriber' })
    onTestFinished(() => void back.end(true))
    const got: string[] = []
    back.on('message', (_topic, payload) => got.push(String(payload)))
    await expect.poll(() => taken.filter((message) => !got.includes(message))).toEqual([])
  })

  test('needs redis-backend, which may not be installed', async () => {
    const load = () => Promise.reject(Object.assign(new Error('x'), { code: 'ERR_MODULE_NOT_FOUND' }))
    await expect(openRedis({ redis: 'redis://a', node: '' }, load)).rejects.toThrow(
      'mqtt-stack: --redis needs @mqtt-stack/redis-backend, which is not installed: npm install @mqtt-stack/redis-backend',
    )
  })
})

describe('--workers', () => {
  test('share a port, and one that ends is started again', async (context) => {
    const { url } = await redis(context)
    const cli = mqttStack('--redis', url, '--workers', '2', '--node', 'house')
    await cli.prints(/2 workers/)
    const subscriber = await clientOf(cli, { clientId: 'subscriber' })
    await subscriber.subscribeAsync('a', { qos: 1 })
    // They are given connections in turn: both nodes publish.
    for (let i = 0; i < 4; i++) {
      const publisher = await clientOf(cli, { clientId: `publisher-${i}` })
      const next = messages(subscriber, 1)
      await publisher.publishAsync('a', String(i), { qos: 1 })
      expect(await next).toEqual([`a ${i}`])
    }
    const [, pid] = await cli.prints(/2 workers \((\d+), \d+\)/)
    process.kill(Number(pid), 'SIGKILL')
    await cli.prints(/worker 1 has ended \(SIGKILL\): it is started again in 1 s/)
    await cli.prints(/worker 1 listens again \(\d+\)/)
    await clientOf(cli, { clientId: 'later' })
  })

  test.for(['house', ''])(
    'that are started again do not wait for the lease of the process before (node: %s)',
    async (node, context) => {
      const { url } = await redis(context)
      const file = configuration(url, { node, lease: 600_000 })
      const cli = mqttStack('--workers', '2', '--config', file)
      const [, pid] = await cli.prints(/2 workers \((\d+), \d+\)/)
      const ids = ['one', 'two', 'three', 'four']
      for (const clientId of ids) {
        const client = await clientOf(cli, { ...STORED, clientId })
        await client.subscribeAsync('a', { qos: 1 })
        await client.endAsync()
      }
      process.kill(Number(pid), 'SIGKILL')
      await cli.prints(/worker 1 listens again \(\d+\)/)
      const publisher = await clientOf(cli, { clientId: 'publisher' })
      await publisher.publishAsync('a', 'x', { qos: 1 })
      for (const clientId of ids) {
        const back = connect(await urlOf(cli), { ...STORED, clientId, reconnectPeriod: 0 })
        onTestFinished(() => void back.end(true))
        expect(await messages(back, 1)).toEqual(['a x'])
      }
    },
  )

  test('end with the process that started them', async (context) => {
    const { url } = await redis(context)
    const cli = mqttStack('--redis', url, '--workers', '2')
    await cli.prints(/2 workers/)
    cli.child.kill('SIGTERM')
    expect(await cli.exited).toBe(0)
    expect(cli.lines.map((line) => JSON.parse(line).msg).at(-1)).toBe('stopped')
  })

  test('say once what is wrong, and need a store that they share', async () => {
    const alone = mqttStack('--workers', '2')
    expect(await alone.exited).toBe(1)
    expect(alone.stderr).toBe(
      'mqtt-stack: --workers needs --redis: processes that share no store are brokers of their own\n',
    )
    const lost = mqttStack(
      '--workers',
      '2',
      '--config',
      configuration('redis://127.0.0.1:1', { patience: 1_000 }),
    )
    expect(await lost.exited).toBe(1)
    expect(lost.stderr.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(/^mqtt-stack: redis-backend: .*127\.0\.0\.1:1/),
      'mqtt-stack: worker 1 could not start',
    ])
  })
})

/** A service whose nodes are missed soon, unless it says otherwise. */
function configuration(url: string, { node = '', lease = LEASE, patience = 10_000 } = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-redis-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  const file = join(path, 'broker.yaml')
  const named = node === '' ? '' : `, node: ${node}`
  writeFileSync(file, `store: { redis: { url: '${url}', lease: ${lease}, patience: ${patience}${named} } }\n`)
  return file
}
