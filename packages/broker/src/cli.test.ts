import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Spawned } from '../../../test/support/spawned.ts'
import { spawned } from '../../../test/support/spawned.ts'
import { createCertificate } from '../../benchmark/src/brokers/certificate.ts'

/** The command as it is built: Node runs no TypeScript. */
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const FREE = ['--port', '0', '--ws-port', '0']

beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('not built: run `npm run build`')
})

const mqttStack = (...args: string[]): Spawned => spawned(process.execPath, [CLI, ...args])

/** What it listens on, by scheme. */
async function urls(cli: Spawned, ...schemes: string[]): Promise<string[]> {
  const found: string[] = []
  for (const scheme of schemes) found.push((await cli.prints(new RegExp(`${scheme}:[^" ]+`)))[0])
  return found
}

async function client(url: string, options?: IClientOptions): Promise<MqttClient> {
  const connected = await connectAsync(url, { reconnectPeriod: 0, ...options })
  connected.on('error', () => {})
  onTestFinished(() => void connected.end(true))
  return connected
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

function certificate(): { cert: string; key: string; ca: string } {
  const [path, made] = [folder(), createCertificate('localhost')]
  const files = { cert: join(path, 'cert.pem'), key: join(path, 'key.pem') }
  writeFileSync(files.cert, made.cert)
  writeFileSync(files.key, made.key)
  return { ...files, ca: made.cert }
}

/** Ended by itself, with one line on stderr. */
async function complaint(...args: string[]): Promise<string> {
  const cli = mqttStack(...args)
  expect(await cli.exited).toBe(1)
  expect(cli.stdout).toBe('')
  expect(cli.stderr).toMatch(/^mqtt-stack: [^\n]+\n$/)
  return cli.stderr
}

describe('runs', () => {
  test('TCP and WebSocket, on the ports that it logs as JSON', async () => {
    const cli = mqttStack(...FREE)
    for (const url of await urls(cli, 'mqtt', 'ws')) {
      const one = await client(url)
      await one.publishAsync('a', 'b', { qos: 1 })
    }
    expect(cli.lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 30,
        msg: expect.stringMatching(/^listening on mqtt:\/\/127\.0\.0\.1:\d+$/),
      }),
      expect.objectContaining({
        level: 30,
        msg: expect.stringMatching(/^listening on ws:\/\/127\.0\.0\.1:\d+$/),
      }),
    ])
  })

  test('TLS and secure WebSocket with a certificate', async () => {
    const { cert, key, ca } = certificate()
    const cli = mqttStack(...FREE, '--cert', cert, '--key', key)
    for (const url of await urls(cli, 'mqtts', 'wss')) {
      // Its name, not its address, is in the certificate.
      await client(url.replace('127.0.0.1', 'localhost'), { ca, servername: 'localhost' })
    }
  })

  test('--ca demands client certificates', async () => {
    const { cert, key, ca } = certificate()
    const [device, path] = [createCertificate('device'), join(folder(), 'ca.pem')]
    writeFileSync(path, device.cert)
    const [url] = await urls(
      mqttStack('--port', '0', '--no-ws', '--cert', cert, '--key', key, '--ca', path),
      'mqtts',
    )
    await client(url, { ca, servername: 'localhost', ...device })
    await expect(client(url, { ca, servername: 'localhost' })).rejects.toThrow()
  })

  test('--unix, --no-ws', async () => {
    const path = join(folder(), 'mqtt.sock')
    const cli = mqttStack('--port', '0', '--no-ws', '--unix', path)
    await urls(cli, 'mqtt', 'unix')
    expect(cli.stdout).not.toContain('ws:')
    const socket = connect(path)
    await once(socket, 'connect')
    socket.destroy()
  })

  test('--verbose logs clients, subscriptions and messages', async () => {
    const cli = mqttStack(...FREE, '--verbose')
    const [url] = await urls(cli, 'mqtt')
    const one = await client(url, { clientId: 'alice' })
    await one.subscribeAsync('a/#', { qos: 1 })
    await one.publishAsync('a/b', 'hello', { qos: 1 })
    await one.endAsync()
    await cli.prints(/ disconnected/)
    const messages = cli.lines.map((line) => JSON.parse(line).msg).slice(2)
    expect(messages).toEqual([
      expect.stringMatching(/^alice connected from 127\.0\.0\.1:\d+ \(tcp\)$/),
      'alice subscribed to a/# at QoS 1',
      'alice published 5 bytes to a/b at QoS 1 for 1',
      'alice disconnected',
    ])
  })

  test('beyond this machine it says who may come in', async () => {
    const open = mqttStack('--port', '0', '--no-ws', '--host', '0.0.0.0', '--allow-anonymous')
    const [url] = await urls(open, 'mqtt')
    await open.prints(/"level":40.*--allow-anonymous/)
    await client(url.replace('0.0.0.0', '127.0.0.1'))
    const shut = mqttStack('--port', '0', '--no-ws', '--host', '0.0.0.0')
    await shut.prints(/"level":40.*--allow-anonymous/)
    const [other] = await urls(shut, 'mqtt')
    await client(other.replace('0.0.0.0', '127.0.0.1'))
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)
    if (outer === undefined) return
    await expect(client(other.replace('0.0.0.0', outer.address))).rejects.toThrow(/not authorized/i)
    await shut.prints(/"msg":"client refused".*|"remote".*"reasonCode":135.*this machine alone/)
  })

  test('a name that nobody asks for keeps nobody out', async () => {
    const cli = mqttStack('--port', '0', '--no-ws', '--host', '0.0.0.0', '--allow-anonymous')
    const [url] = await urls(cli, 'mqtt')
    const tasmota = { username: 'DVES_USER', password: 'DVES_PASS' }
    await client(url.replace('0.0.0.0', '127.0.0.1'), tasmota)
  })

  test('SIGHUP and SIGUSR2 change nothing', async () => {
    const cli = mqttStack(...FREE)
    const [url] = await urls(cli, 'mqtt')
    for (const signal of ['SIGHUP', 'SIGUSR2'] as const) {
      cli.child.kill(signal)
      await cli.prints(new RegExp(signal))
    }
    await client(url)
  })

  test('it goes on when nobody reads its log any more', async () => {
    const cli = mqttStack(...FREE, '--verbose')
    const [url] = await urls(cli, 'mqtt', 'ws')
    cli.child.stdout?.destroy()
    const one = await client(url)
    await one.subscribeAsync('a')
    await one.publishAsync('a', 'b', { qos: 1 })
    await client(url)
  })

  test('--log-level says how much it logs', async () => {
    const path = join(folder(), 'mqtt.sock')
    const cli = mqttStack(...FREE, '--unix', path, '--log-level', 'warn')
    while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(cli.stdout).toBe('')
  })

  test('the line of a will names its client', async () => {
    const cli = mqttStack(...FREE, '--verbose')
    const [url] = await urls(cli, 'mqtt')
    const will = { topic: 'gone', payload: Buffer.from('x'), qos: 0, retain: false } as const
    const one = await client(url, { clientId: 'alice', will })
    one.stream.destroy()
    await cli.prints(/the will of alice published 1 bytes to gone/)
  })

  test('what a client calls itself cannot turn or end a line', async () => {
    const cli = mqttStack(...FREE, '--verbose')
    const [url] = await urls(cli, 'mqtt')
    await client(url, { clientId: 'a\u2028\u202eb' })
    await cli.prints(/a\\\\u2028\\\\u202eb connected from/)
  })
})

describe('prints', () => {
  test('help', async () => {
    const cli = mqttStack('--help')
    expect(await cli.exited).toBe(0)
    expect(cli.stdout).toMatch(/^Usage: mqtt-stack/)
  })

  test('its version', async () => {
    const cli = mqttStack('--version')
    expect(await cli.exited).toBe(0)
    expect(cli.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})

describe('says in one line what is wrong', () => {
  test('a taken port', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await complaint('--port', String(port), '--no-ws')).toContain(`127.0.0.1:${port} is taken`)
    expect(await complaint('--port', '0', '--ws-port', String(port))).toContain(`127.0.0.1:${port} is taken`)
  })

  test('a taken port, and the flag that moves it or leaves it out', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    expect(await complaint('--port', String(port), '--no-ws')).toMatch(/--port and --host/)
    expect(await complaint('--port', '0', '--ws-port', String(port))).toMatch(/--ws-port.*--no-ws/)
    const text = join(folder(), 'text.sock')
    writeFileSync(text, 'no socket')
    expect(await complaint(...FREE, '--unix', text)).toMatch(/--unix/)
  })

  test('a certificate that cannot be read', async () => {
    const { cert, key } = certificate()
    const missing = join(folder(), 'none.pem')
    const text = join(folder(), 'text.pem')
    writeFileSync(text, 'no PEM')
    expect(await complaint('--cert', missing, '--key', key)).toContain(`--cert: cannot read ${missing}`)
    expect(await complaint('--cert', cert, '--key', text)).toContain(`--key: cannot read ${text}`)
    expect(await complaint('--cert', cert, '--key', certificate().key)).toContain('"cert" and "key"')
  })

  test('an unknown flag, a bad number', async () => {
    expect(await complaint('--prot', '1')).toContain('--prot')
    expect(await complaint('--port', 'abc')).toContain('"port"')
  })
})

describe('stops', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('on %s, twice too, whatever clients do', async (signal) => {
    const cli = mqttStack(...FREE)
    const [url] = await urls(cli, 'mqtt', 'ws')
    const one = await client(url, { clientId: 'one' })
    const gone = new Promise((resolve) => one.once('close', () => resolve(undefined)))
    // One that was accepted and one that says nothing; neither ever hangs up.
    for (const bytes of ['', '\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01h']) {
      const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => {})
      onTestFinished(() => void socket.destroy())
      socket.write(bytes, 'latin1')
      await once(socket, bytes === '' ? 'connect' : 'data')
    }
    cli.child.kill(signal)
    await gone
    cli.child.kill(signal)
    expect(await cli.exited).toBe(0)
    expect(cli.stdout).toContain(`${signal}: stopping`)
    expect(JSON.parse(cli.lines[cli.lines.length - 1]).msg).toBe('stopped')
    expect(cli.stderr).toBe('')
  })

  test('in the middle of starting', async () => {
    const cli = mqttStack(...FREE, '--verbose')
    await once(cli.child, 'spawn')
    cli.child.kill('SIGTERM')
    // Before it can listen to signals it just ends.
    expect([0, 'SIGTERM']).toContain(await cli.exited)
  })
})
