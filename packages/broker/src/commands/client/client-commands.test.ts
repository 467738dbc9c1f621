/** `mqtt-stack pub` and `mqtt-stack sub`, against a broker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker } from '../../../../../test/rig/broker.ts'
import { serverCertificate, servers } from '../../../../../test/rig/secure.ts'
import type { Broker, BrokerOptions, MiddlewareLike } from '../../index.ts'
import { pub } from '../pub.ts'
import { sub } from '../sub.ts'

interface Running {
  readonly code: Promise<number>
  /** What it has printed. */
  readonly out: () => string
  readonly err: () => string
}

function run(command: typeof pub, args: readonly string[], stdin: Readable = Readable.from([])): Running {
  const [out, err]: [Buffer[], string[]] = [[], []]
  const io = {
    stdin,
    stdout: { write: (text: string | Uint8Array) => out.push(Buffer.from(text as string)) },
    stderr: { write: (text: string | Uint8Array) => err.push(String(text)) },
    env: {},
  }
  const text = (): string => Buffer.concat(out).toString('latin1')
  return { code: command(args, io), out: text, err: () => err.join('') }
}

const failed = async (command: typeof pub, ...args: string[]): Promise<string> => {
  const error = await run(command, args).code.catch((thrown: Error) => thrown.message)
  return String(error)
}

/** A broker, where it is, and a subscriber that is there. */
async function setUp(options: BrokerOptions = {}) {
  const broker = await listeningBroker({ listeners: [{ transport: 'tcp', port: 0 }], ...options })
  const [{ url, port }] = broker.addresses
  const subscribed = async (...args: string[]): Promise<Running> => {
    const there = new Promise((resolve) => broker.once('subscribed', resolve))
    const running = run(sub, ['-L', url, ...args])
    await Promise.race([there, running.code])
    return running
  }
  return { broker, url, at: ['-h', '127.0.0.1', '-p', String(port)], subscribed }
}

const text = (
  broker: Broker,
  topic: string,
): Promise<{ payload: string; properties: unknown; retain: boolean }> =>
  new Promise((resolve) =>
    broker.on('published', ({ packet }) => {
      const { payload, properties, retain } = packet
      if (packet.topic === topic)
        resolve({ payload: String(payload), properties: properties && { ...properties }, retain })
    }),
  )

describe('a message goes from pub to sub', () => {
  test.each(['mqttv31', 'mqttv311', 'mqttv5'])('of %s', async (version) => {
    const { at, subscribed } = await setUp()
    const end = await subscribed('-t', 'plant/#', '-q', '2', '-C', '2', '-v', '-V', version)
    for (const qos of ['0', '2'])
      expect(
        await run(pub, [...at, '-t', 'plant/a', '-m', `hello ${qos}`, '-q', qos, '-V', version]).code,
      ).toBe(0)
    expect(await end.code).toBe(0)
    expect([end.out(), end.err()]).toEqual(['plant/a hello 0\nplant/a hello 2\n', ''])
  })

  test('as it is, byte for byte, without a line end where none is wanted', async () => {
    const { at, subscribed } = await setUp()
    const end = await subscribed('-t', 'a', '-C', '1', '-N')
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'bytes')
    writeFileSync(file, Buffer.of(0, 255, 10, 0x80))
    expect(await run(pub, [...at, '-t', 'a', '-f', file]).code).toBe(0)
    await end.code
    expect(Buffer.from(end.out(), 'latin1')).toEqual(Buffer.of(0, 255, 10, 0x80))
  })

  test('line by line, in order, however many there are', async () => {
    const { at, subscribed } = await setUp()
    const lines = Array.from({ length: 300 }, (_, i) => `line ${i}`)
    const end = await subscribed('-t', 'a', '-q', '1', '-C', '300')
    const stdin = new PassThrough()
    const publishing = run(pub, [...at, '-t', 'a', '-q', '1', '-l'], stdin)
    stdin.end(lines.join('\n'))
    expect([await publishing.code, await end.code]).toEqual([0, 0])
    expect(end.out()).toBe(`${lines.join('\n')}\n`)
  })

  test('all of stdin as one', async () => {
    const { at, subscribed } = await setUp()
    const end = await subscribed('-t', 'a', '-C', '1')
    expect(await run(pub, [...at, '-t', 'a', '-s'], Readable.from([Buffer.from('x\ny')])).code).toBe(0)
    await end.code
    expect(end.out()).toBe('x\ny\n')
  })

  test('over TLS, and a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const { cert, key } = serverCertificate('localhost')
    writeFileSync(join(folder, 'ca.pem'), servers.cert)
    const path = join(folder, 'mqtt.sock')
    const { broker } = await setUp({
      listeners: [
        { transport: 'tls', port: 0, cert, key },
        { transport: 'unix', path },
      ],
    })
    const port = String(broker.addresses[0].port)
    const secure = ['-h', 'localhost', '-p', port, '--cafile', join(folder, 'ca.pem')]
    expect(await run(pub, [...secure, '-t', 'a', '-m', 'x', '-q', '1']).code).toBe(0)
    expect(await run(pub, ['--unix', path, '-t', 'a', '-m', 'x', '-q', '1']).code).toBe(0)
    expect(await failed(pub, '-h', 'localhost', '-p', port, '--insecure', '-t', 'a', '-m', 'x')).toBe('0')
  })

  test('with properties, and the topic in the URL', async () => {
    const { broker, url } = await setUp()
    const came = text(broker, 'plant/a b')
    const properties = [
      '-D',
      'publish',
      'content-type',
      'text/plain',
      '-D',
      'PUBLISH',
      'user-property',
      'k',
      'v',
    ]
    const args = ['-L', `${url}/plant/a%20b`, '-m', 'x', '-q', '1', '-r', ...properties]
    expect(await run(pub, args).code).toBe(0)
    expect(await came).toMatchObject({
      payload: 'x',
      retain: true,
      properties: { contentType: 'text/plain', userProperties: [['k', 'v']] },
    })
  })
})

describe('sub', () => {
  test('exits with 27 when its time is over, and without what was kept where it is told so', async () => {
    const { broker, subscribed } = await setUp()
    await broker.publish('a', 'old', { retain: true })
    const end = await subscribed('-t', 'a', '-W', '1', '-R')
    expect([await end.code, end.out()]).toEqual([27, ''])
  })

  test('goes on with its session', async () => {
    const { broker, subscribed } = await setUp()
    const mine = ['-t', 'a', '-q', '1', '-c', '-i', 'mine', '-C', '1']
    const first = await subscribed(...mine)
    await broker.publish('a', 'one', { qos: 1 })
    await first.code
    await broker.publish('a', 'two', { qos: 1 })
    expect((await broker.publish('a', 'three', { qos: 1 })).matched).toBe(1)
    const second = await subscribed(...mine)
    expect([await second.code, second.out()]).toEqual([0, 'two\n'])
    const third = await subscribed(...mine)
    expect([await third.code, third.out()]).toEqual([0, 'three\n'])
  })

  test('exits with 2 where a filter is refused, and with 1 where the connection ends', async () => {
    const { broker, url, subscribed } = await setUp({ subscriptionManager: { subscriptions: 1 } })
    const refused = run(sub, ['-L', url, '-t', 'a', '-t', 'b'])
    expect([await refused.code, refused.err()]).toEqual([2, expect.stringMatching(/^mqtt-stack sub: .*\n$/)])
    const end = await subscribed('-t', 'a')
    await broker.close()
    expect([await end.code, end.err()]).toEqual([1, 'mqtt-stack sub: the connection is lost\n'])
  })

  test('leaves its will where it is lost', async () => {
    const { broker, subscribed } = await setUp()
    await subscribed('-t', 'a', '--will-topic', 'gone', '--will-payload', 'bye', '--will-qos', '1')
    const came = text(broker, 'gone')
    for (const client of broker.stack.clients) client.stream.destroy()
    expect(await came).toMatchObject({ payload: 'bye' })
  })
})

describe('who is refused is told in one line', () => {
  const provider: MiddlewareLike = {
    name: 'Provider',
    authenticateConnection({ username, password }, store) {
      store.valid = username === 'joe' && String(password) === 'right'
    },
    authorizePacket({ packet }, store) {
      store.valid = packet.cmd !== 'publish' || packet.topic !== 'forbidden'
    },
  }

  test('by name and password', async () => {
    const { at, url } = await setUp({ use: [provider] })
    const message = ['-t', 'a', '-m', 'x', '-q', '1']
    expect(await run(pub, [...at, '-u', 'joe', '-P', 'right', ...message]).code).toBe(0)
    const wrong = await failed(pub, '-L', url.replace('://', '://joe:wr%6fng@'), ...message)
    expect(wrong).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+: .*(?:0x8[67])/)
    expect(wrong).not.toContain('wrong')
  })

  test('with 2 where a message may not be published', async () => {
    const { at } = await setUp({ use: [provider] })
    const joe = [...at, '-u', 'joe', '-P', 'right']
    const refused = run(pub, [...joe, '-t', 'forbidden', '-m', 'x', '-q', '1'])
    expect([await refused.code, refused.err()]).toEqual([
      2,
      'mqtt-stack pub: forbidden: Publish error: Not authorized (0x87)\n',
    ])
  })

  test('where nobody listens', async () => {
    expect(await failed(pub, '--unix', '/nowhere/mqtt.sock', '-t', 'a', '-m', 'x')).toBe(
      'unix:/nowhere/mqtt.sock: connect ENOENT /nowhere/mqtt.sock',
    )
  })
})

test.each<[string, typeof pub, string[], string]>([
  ['no topic', pub, ['-m', 'x'], 'mqtt-stack pub: --topic is missing: -t TOPIC'],
  [
    'nothing to publish',
    pub,
    ['-t', 'a'],
    'mqtt-stack pub: what to publish is missing: -m TEXT, -f FILE, -n, -s or -l',
  ],
  [
    'two things to publish',
    pub,
    ['-t', 'a', '-m', 'x', '-l'],
    'mqtt-stack pub: --message and --stdin-line exclude each other: leave one out',
  ],
  [
    'a filter as a topic',
    pub,
    ['-t', 'a/#', '-m', 'x'],
    'mqtt-stack pub: --topic: "a/#" is no topic name: nobody publishes to + or #',
  ],
  [
    'a version that there is not',
    pub,
    ['-t', 'a', '-m', 'x', '-V', '6'],
    'mqtt-stack pub: option "protocol-version" must be one of "5", "31", "311", "mqttv5", "mqttv311", "mqttv31", not "6"',
  ],
  [
    'a property of no packet',
    pub,
    ['-t', 'a', '-m', 'x', '-D', 'publsh', 'content-type', 'x'],
    'mqtt-stack pub: --property: there is no packet "publsh" (did you mean "publish"?)',
  ],
  [
    'a property that is none',
    pub,
    ['-t', 'a', '-m', 'x', '-D', 'publish', 'content-typ', 'x'],
    'mqtt-stack pub: --property: publish has no property "content-typ" (did you mean "content-type"?)',
  ],
  [
    'a property without a value',
    pub,
    ['-t', 'a', '-m', 'x', '-D', 'publish', 'user-property', 'k'],
    'mqtt-stack pub: --property wants PACKET NAME VALUE, or PACKET user-property NAME VALUE',
  ],
  [
    'a property of an older version',
    pub,
    ['-t', 'a', '-m', 'x', '-V', '311', '-D', 'publish', 'content-type', 'x'],
    'mqtt-stack pub: --property needs --protocol-version mqttv5',
  ],
  [
    'a will without a topic',
    pub,
    ['-t', 'a', '-m', 'x', '--will-retain'],
    'mqtt-stack pub: a will needs --will-topic',
  ],
  [
    'a URL that is none',
    sub,
    ['-L', 'http://x/a'],
    'mqtt-stack sub: --url wants mqtt, mqtts, ws or wss://HOST[:PORT][/TOPIC]',
  ],
  ['no filter', sub, [], 'mqtt-stack sub: --topic is missing: -t FILTER'],
  [
    'a session of nobody',
    sub,
    ['-t', 'a', '-c'],
    'mqtt-stack sub: --disable-clean-session needs --id: whose session is it?',
  ],
  [
    'an authority that is not there',
    sub,
    ['-t', 'a', '--cafile', '/nowhere'],
    'mqtt-stack sub: --cafile: cannot read /nowhere',
  ],
])('%s is an error that says what to do', async (_what, command, args, message) => {
  expect(await failed(command, ...args)).toContain(message)
})

test('--help names every flag with its letter', async () => {
  const { code, out } = run(pub, ['--help'])
  expect(await code).toBe(0)
  expect(out()).toContain('  -t, --topic <topic>')
  expect(out()).toContain('      --cafile <file>')
  expect(out()).toContain('  -h, --host <address>')
})
