/** The configurations of this folder, started as they are but for their ports, and tried. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, IConnackPacket, IPublishPacket, MqttClient } from 'mqtt'
import { connect, connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { createCertificate } from '../packages/benchmark/src/brokers/certificate.ts'
import { openBrowser, tryFromPage } from '../test/support/browser.ts'
import { needs } from '../test/support/needs.ts'
import type { Spawned } from '../test/support/spawned.ts'
import { spawned } from '../test/support/spawned.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const CLI = fileURLToPath(new URL('../packages/broker/dist/cli.js', import.meta.url))

interface Running {
  readonly cli: Spawned
  readonly folder: string
  /** Port of a listener, by its scheme. */
  port(scheme: string): Promise<number>
  url(scheme: string): Promise<string>
}

/** Starts a configuration on free ports. */
function running(name: string, folder = emptyFolder()): Running {
  const text = readFileSync(join(HERE, name), 'utf8').replaceAll(/(:\/\/[\d.]+):\d+/g, '$1:0')
  const file = join(folder, name)
  writeFileSync(file, text)
  const cli = spawned(process.execPath, [CLI, '--config', file])
  const port = async (scheme: string): Promise<number> =>
    Number((await cli.prints(new RegExp(`listening on ${scheme}://[\\d.]+:(\\d+)`)))[1])
  const url = async (scheme: string): Promise<string> => `${scheme}://localhost:${await port(scheme)}`
  return { cli, folder, port, url }
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true, maxRetries: 5 }))
  return folder
}

async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const made = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5, ...options })
  made.on('error', () => {})
  onTestFinished(() => void made.end(true))
  return made
}

function nextMessage(from: MqttClient): Promise<string> {
  return new Promise((resolve) => from.once('message', (topic, payload) => resolve(`${topic} ${payload}`)))
}

test('each configuration has a test', () => {
  expect(readdirSync(HERE).filter((name) => name.endsWith('.yaml'))).toEqual([
    'broker.yaml',
    'interoperability.yaml',
  ])
})

describe('broker.yaml: TLS, users, rules, limits and a durable store', () => {
  /** With a certificate, and the user alice, whose password is `swordfish`. */
  async function ready(): Promise<Running & { readonly ca: string }> {
    const folder = emptyFolder()
    const { cert, key } = createCertificate('localhost')
    writeFileSync(join(folder, 'server.pem'), cert)
    writeFileSync(join(folder, 'server.key'), key, { mode: 0o600 })
    const passwd = spawned(process.execPath, [CLI, 'passwd', join(folder, 'users'), 'alice'])
    passwd.child.stdin?.end('swordfish\n')
    expect([await passwd.exited, passwd.stderr]).toEqual([0, ''])
    return { ...running('broker.yaml', folder), ca: cert }
  }
  const alice = { username: 'alice', password: 'swordfish' }

  test('MQTT.js, with TLS and a password, by TCP and by WebSocket', async () => {
    const { url, ca } = await ready()
    const one = await client(await url('mqtts'), { ca, ...alice })
    await one.subscribeAsync('users/alice/#', { qos: 1 })
    const message = nextMessage(one)
    const options = { ca, rejectUnauthorized: true, origin: 'https://app.example.com' }
    const other = await client(await url('wss'), { ...alice, ca, wsOptions: options })
    await other.publishAsync('users/alice/room', '21.5', { qos: 1 })
    expect(await message).toBe('users/alice/room 21.5')
    await expect(other.publishAsync('users/bob/room', '', { qos: 1 })).rejects.toThrow(/not authorized/i)
    await expect(other.publishAsync('news/a', '', { qos: 1 })).rejects.toThrow(/not authorized/i)
    await expect(other.subscribeAsync('#')).rejects.toThrow()
  })

  test('nobody without a password, or with a wrong one, comes in from outside', async () => {
    const { url, ca } = await ready()
    const mqtts = await url('mqtts')
    await expect(client(mqtts, { ca })).rejects.toThrow(/not authorized/i)
    await expect(client(mqtts, { ca, username: 'alice', password: 'x' })).rejects.toThrow(/bad user ?name/i)
  })

  test('a page of another site is refused', async () => {
    const { url, ca } = await ready()
    const socket = new WebSocket(await url('wss'), 'mqtt', { ca, origin: 'https://evil.example' })
    const refused = new Promise((resolve) => socket.once('error', ({ message }) => resolve(message)))
    expect(await refused).toBe('Unexpected server response: 403')
  })

  test('in a browser a page of the site, and none of another', async (context) => {
    needs(context, 'chromium')
    const { cli, url } = await ready()
    const client = {
      site: '<title>A site</title>',
      url: await url('wss'),
      topic: 'users/alice/room',
      options: alice,
    }
    const browser = await openBrowser('--ignore-certificate-errors')
    const from = (origin: string): Promise<unknown> => tryFromPage(browser, { ...client, origin })
    expect(await from('https://app.example.com')).toBe('users/alice/room 21.5')
    expect(await from('https://evil.example.com')).toBe('refused')
    await cli.prints(/pages of this origin may not connect/)
  }, 60_000)

  test('mosquitto_pub, and a message that a restart does not lose', async (context) => {
    needs(context, 'mosquitto_pub')
    const { cli, folder, port } = await ready()
    const tls = ['--cafile', join(folder, 'server.pem'), '-u', 'alice', '-P', 'swordfish']
    const to = ['-h', 'localhost', '-p', String(await port('mqtts')), '-q', '1', '-r']
    const pub = spawned('mosquitto_pub', [...to, ...tls, '-t', 'users/alice/kept', '-m', 'yes'])
    expect([await pub.exited, pub.stderr]).toEqual([0, ''])
    cli.child.kill('SIGTERM')
    expect(await cli.exited).toBe(0)
    const again = running('broker.yaml', folder)
    const local = await client(await again.url('mqtt'))
    const message = nextMessage(local)
    await local.subscribeAsync('users/#')
    expect(await message).toBe('users/alice/kept yes')
  })

  test('check has nothing against it', async () => {
    const { folder } = await ready()
    const check = spawned(process.execPath, [CLI, 'check', join(folder, 'broker.yaml')])
    expect(await check.exited).toBe(0)
    const lines = check.stdout.split('\n').filter((line) => line.includes('warning: '))
    // The certificate of a test is good for a day.
    expect(lines.filter((line) => !line.includes('expires in'))).toEqual([])
  })
})

describe('interoperability.yaml', () => {
  test('the longest keep alive is 60 s', async () => {
    const { url } = running('interoperability.yaml')
    const one = connect(await url('mqtt'), { protocolVersion: 5, keepalive: 120, reconnectPeriod: 0 })
    onTestFinished(() => void one.end(true))
    const { properties } = await new Promise<IConnackPacket>((resolve) => one.once('connect', resolve))
    expect(properties?.serverKeepAlive).toBe(60)
  })

  test('messages go out with topic aliases', async () => {
    const { url } = running('interoperability.yaml')
    const one = await client(await url('mqtt'), { properties: { topicAliasMaximum: 1 } })
    await one.subscribeAsync('a/b', { qos: 1 })
    const aliases: unknown[] = []
    const two = new Promise<void>((resolve) =>
      one.on('packetreceive', (packet) => {
        if (packet.cmd !== 'publish') return
        aliases.push((packet as IPublishPacket).properties?.topicAlias)
        if (aliases.length === 2) resolve()
      }),
    )
    await one.publishAsync('a/b', '1', { qos: 1 })
    await one.publishAsync('a/b', '2', { qos: 1 })
    await two
    expect(aliases).toEqual([1, 1])
  })

  test.each([4, 5] as const)('test/nosubscribe is refused (protocol level %s)', async (protocolVersion) => {
    const { url } = running('interoperability.yaml')
    const one = await client(await url('mqtt'), { protocolVersion })
    await expect(one.subscribeAsync('test/nosubscribe')).rejects.toThrow()
    await one.subscribeAsync('test/subscribe')
  })
})
