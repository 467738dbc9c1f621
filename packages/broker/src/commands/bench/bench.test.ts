/** `mqtt-stack bench`, against a broker. */
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { listeningBroker } from '../../../../../test/rig/broker.ts'
import type { BrokerOptions, MiddlewareLike } from '../../index.ts'
import { bench } from '../bench.ts'
import { Histogram } from './histogram.ts'
import { ageOf, STAMP, stamped } from './stamp.ts'

function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []]
  const io = {
    stdin: Readable.from([]),
    stdout: { write: (text: string | Uint8Array) => out.push(String(text)) },
    stderr: { write: (text: string) => err.push(text) },
    env: {},
  }
  return { code: bench(args, io), out: () => out.join(''), err: () => err.join('') }
}

const failed = (...args: string[]): Promise<string> =>
  run(...args).code.then(String, (error: Error) => error.message)

async function setUp(options: BrokerOptions = {}) {
  const broker = await listeningBroker(options)
  const [{ port, url }] = broker.addresses
  const at = ['-h', '127.0.0.1', '-p', String(port)]
  const subscribed = (count: number): Promise<void> =>
    new Promise((resolve) => {
      let left = count
      broker.on('subscribed', () => --left === 0 && resolve())
    })
  return { broker, url, at, subscribed }
}

test('conn connects so many clients, and ends', async () => {
  const { broker, at } = await setUp()
  const names = new Set<string>()
  broker.on('clientConnected', ({ client }) => names.add(client.id))
  const { code, out, err } = run('conn', ...at, '-c', '20', '-i', '1', '-I', 'load-%i')
  expect([await code, err()]).toEqual([0, ''])
  expect(out()).toMatch(
    /(?:^|\n)connected 20 in \d+\.\d s, \d+\/s \(of 20\)\nconnecting, in ms: p50 \S+, p90 \S+, p99 \S+, max \S+\n$/,
  )
  expect([...names].sort()).toEqual(Array.from({ length: 20 }, (_, i) => `load-${i + 1}`).sort())
})

test.each(['0', '1', '2'])('pub and sub of QoS %s count alike, and say how long it took', async (qos) => {
  const { at, subscribed } = await setUp()
  const there = subscribed(4)
  const sub = run('sub', ...at, '-c', '4', '-i', '0', '-t', 'plant/%i', '-q', qos, '-L', '200', '-W', '20')
  await there
  const args = ['-c', '4', '-i', '0', '-im', '0', '-t', 'plant/%i', '-q', qos, '-s', '1KB', '-L', '200']
  const pub = run('pub', ...at, ...args)
  expect([await pub.code, pub.err(), await sub.code, sub.err()]).toEqual([0, '', 0, ''])
  const done = qos === '0' ? 'on the wire' : 'acknowledged'
  expect(pub.out()).toMatch(new RegExp(`\nsent 200 in \\d+\\.\\d s, \\d+/s; 200 ${done}\n$`))
  expect(sub.out()).toMatch(
    /\nreceived 200 in \d+\.\d s, \d+\/s\non the way, in ms: p50 \S+, p90 \S+, p99 \S+, max \S+\n$/,
  )
})

test('each second is told, until its time is over', async () => {
  const { url } = await setUp()
  const { code, out } = run('pub', '--url', `${url}/a`, '-c', '2', '-im', '100', '-m', 'x', '-W', '2')
  expect(await code).toBe(0)
  expect(out()).toMatch(
    /^1 s {2}connected \d \(\+\d\) {2}failed 0 {2}lost 0 {2}sent \d+ \(\+\d+\) {2}done \d+ /,
  )
})

test('SIGINT ends it with its totals', async () => {
  const { at, subscribed } = await setUp()
  const there = subscribed(2)
  const { code, out } = run('sub', ...at, '-c', '2', '-i', '0', '-t', 'a')
  await there
  process.emit('SIGINT')
  expect(await code).toBe(0)
  expect(out()).toContain('connected 2 in ')
  expect(out()).toMatch(/\nreceived 0 in 0\.0 s\n$/)
})

test('it exits with 1, and says why, where clients are refused or lost', async () => {
  const provider: MiddlewareLike = {
    name: 'Provider',
    authenticateConnection({ password }, store) {
      store.valid = String(password) === 'right'
    },
    authorizePacket(_request, store) {
      store.valid = true
    },
  }
  const { broker, at, subscribed } = await setUp({ use: [provider] })
  const wrong = run('conn', ...at, '-c', '3', '-i', '0', '-u', 'joe', '-P', 'secret')
  expect(await wrong.code).toBe(1)
  expect(wrong.err()).toMatch(/^mqtt-stack bench conn: 3 failed: mqtt:\/\/127\.0\.0\.1:\d+: .*\(0x8[67]\)\n$/)
  expect(wrong.err()).not.toContain('secret')
  const there = subscribed(2)
  const lost = run('sub', ...at, '-c', '2', '-i', '0', '-t', 'a', '-u', 'joe', '-P', 'right')
  await there
  for (const client of broker.stack.clients) client.stream.destroy()
  expect([await lost.code, lost.err()]).toEqual([1, 'mqtt-stack bench sub: 2 lost their connection\n'])
})

test('it exits with 1 where a filter or a message is refused', async () => {
  const rules: MiddlewareLike = {
    name: 'Rules',
    authorizePacket(_request, store) {
      store.valid = false
    },
  }
  const { at } = await setUp({ use: [{ middleware: rules, before: 'authorize' }] })
  const sub = run('sub', ...at, '-c', '2', '-i', '0', '-t', 'a/%i')
  expect([await sub.code, sub.err()]).toEqual([
    1,
    'mqtt-stack bench sub: 2 failed: Subscribe error: Not authorized\n',
  ])
  const pub = run('pub', ...at, '-c', '1', '-t', 'a', '-q', '1', '-L', '3', '-im', '0')
  expect(await pub.code).toBe(1)
  expect(pub.err()).toBe('mqtt-stack bench pub: 3 failed: a: Publish error: Not authorized (0x87)\n')
})

test.each<[string, string[], string]>([
  ['no mode', [], 'mqtt-stack bench: what to do is missing: conn, pub or sub'],
  ['another mode', ['publish'], 'mqtt-stack bench: there is no "publish": conn, pub or sub'],
  ['no topic', ['pub'], 'mqtt-stack bench pub: --topic is missing: -t TOPIC'],
  [
    'a filter',
    ['pub', '-t', 'a/+'],
    'mqtt-stack bench pub: --topic: "a/+" is no topic name: nobody publishes to + or #',
  ],
  [
    'a size that is none',
    ['pub', '-t', 'a', '-s', '1GB'],
    'mqtt-stack bench pub: --size wants bytes up to 16MB, such as 100B or 4KB, not "1GB"',
  ],
  [
    'one name for all',
    ['conn', '-I', 'load'],
    'mqtt-stack bench conn: --client-id "load" needs %i: clients of one name take over from each other',
  ],
  [
    'a flag of another mode',
    ['sub', '-im', '5'],
    'mqtt-stack bench sub: unknown flag --message-interval: see mqtt-stack bench sub --help',
  ],
])('%s is an error that says what to do', async (_what, args, message) => {
  expect(await failed(...args)).toBe(message)
})

test('--help says what there is', async () => {
  const all = run('--help')
  expect([await all.code, all.out()]).toEqual([0, expect.stringContaining('bench conn|pub|sub [flags]')])
  const pub = run('pub', '--help')
  expect([await pub.code, pub.out()]).toEqual([0, expect.stringContaining('  -L, --limit <n>')])
})

test('quantiles are right to 2 %, and of nothing 0', () => {
  const times = new Histogram()
  expect(times.quantile(0.5)).toBe(0)
  for (let i = 1; i <= 1_000; i++) times.add(i / 10)
  for (const [part, time] of [
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ] as const)
    expect(Math.abs(times.quantile(part) / time - 1)).toBeLessThan(0.02)
  times.add(-1)
  times.add(1e9)
  expect([times.quantile(0), times.quantile(1)]).toEqual([0.001, 1e9])
})

test('a stamp is read from payloads that have one alone', () => {
  expect(stamped(0)).toHaveLength(STAMP)
  expect(stamped(100)).toHaveLength(100)
  expect(ageOf(stamped(100))).toBeGreaterThanOrEqual(0)
  expect(ageOf(Buffer.alloc(100))).toBeUndefined()
  expect(ageOf(Buffer.from('mqttstk1'))).toBeUndefined()
})
