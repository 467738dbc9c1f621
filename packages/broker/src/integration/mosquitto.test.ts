import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { needs } from '../../../../test/support/needs.ts'
import type { Spawned } from '../../../../test/support/spawned.ts'
import { spawned } from '../../../../test/support/spawned.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Broker } from '../index.ts'

const FORMAT = ['-F', '%t|%p|%q|%r']

beforeEach((context) => needs(context, 'mosquitto_sub', 'mosquitto_pub'))

function at(broker: Broker): string[] {
  const { host, port } = broker.addresses[0]
  return ['-h', String(host), '-p', String(port)]
}

/** Runs to its end; fails unless it ends well. */
async function publish(broker: Broker, ...args: string[]): Promise<void> {
  const program = spawned('mosquitto_pub', [...at(broker), ...args])
  expect([await program.exited, program.stderr]).toEqual([0, ''])
}

/** A mosquitto_sub whose filter is granted. */
async function subscribe(broker: Broker, ...args: string[]): Promise<Spawned> {
  const subscribed = once(broker, 'subscribed')
  const program = spawned('mosquitto_sub', [...at(broker), ...FORMAT, ...args])
  await Promise.race([subscribed, program.exited])
  return program
}

/** What a mosquitto_sub that waits for a number of messages (-C) has printed when it is through. */
async function received(program: Spawned): Promise<string[]> {
  expect([await program.exited, program.stderr]).toEqual([0, ''])
  return program.lines
}

describe.each(['mqttv31', 'mqttv311'])('mosquitto_pub and mosquitto_sub, %s', (version) => {
  test('all QoS', async () => {
    const broker = await listeningBroker()
    const subscriber = await subscribe(broker, '-V', version, '-t', 'a/#', '-q', '2', '-C', '3')
    for (const qos of ['0', '1', '2']) {
      await publish(broker, '-V', version, '-t', `a/${qos}`, '-q', qos, '-m', `QoS ${qos}`)
    }
    expect(await received(subscriber)).toEqual(['a/0|QoS 0|0|0', 'a/1|QoS 1|1|0', 'a/2|QoS 2|2|0'])
  })

  test('a stream of messages, in order', async () => {
    const broker = await listeningBroker()
    const lines = Array.from({ length: 500 }, (_, i) => `line ${i}`)
    const subscriber = await subscribe(broker, '-V', version, '-t', 'lines', '-q', '1', '-C', '500')
    const publisher = spawned('mosquitto_pub', [...at(broker), '-V', version, '-t', 'lines', '-q', '1', '-l'])
    publisher.child.stdin?.end(`${lines.join('\n')}\n`)
    expect(await received(subscriber)).toEqual(lines.map((line) => `lines|${line}|1|0`))
    expect(await publisher.exited).toBe(0)
  })

  test('retained messages', async () => {
    const broker = await listeningBroker()
    await publish(broker, '-V', version, '-t', 'kept/one', '-m', '1', '-r')
    await publish(broker, '-V', version, '-t', 'kept/two', '-m', '2', '-r', '-q', '1')
    await publish(broker, '-V', version, '-t', 'kept/one', '-n', '-r')
    const subscriber = await subscribe(broker, '-V', version, '-t', 'kept/+', '-q', '1', '-C', '2')
    await publish(broker, '-V', version, '-t', 'kept/one', '-m', 'live')
    expect(await received(subscriber)).toEqual(['kept/two|2|1|1', 'kept/one|live|0|0'])
  })

  test('wills', async () => {
    const broker = await listeningBroker()
    const watcher = await subscribe(broker, '-V', version, '-t', 'wills/#', '-q', '1', '-C', '1')
    const will = (who: string) => [
      '--will-topic',
      `wills/${who}`,
      '--will-payload',
      'gone',
      '--will-qos',
      '1',
    ]
    await publish(broker, '-V', version, '-t', 'x', '-m', 'bye', ...will('polite'))
    const lost = await subscribe(broker, '-V', version, '-t', 'x', ...will('lost'))
    lost.child.kill('SIGKILL')
    expect(await received(watcher)).toEqual(['wills/lost|gone|1|0'])
  })

  test('a stored session (-c) over a reconnect', async () => {
    const broker = await listeningBroker()
    const session = ['-V', version, '-i', 'keeper', '-c', '-t', 'log', '-q', '2']
    const first = await subscribe(broker, ...session, '-C', '1')
    await publish(broker, '-V', version, '-t', 'log', '-q', '2', '-m', 'live')
    expect(await received(first)).toEqual(['log|live|2|0'])
    for (const qos of ['1', '2', '0'])
      await publish(broker, '-V', version, '-t', 'log', '-q', qos, '-m', `missed ${qos}`)
    const second = await subscribe(broker, ...session, '-C', '2')
    expect(await received(second)).toEqual(['log|missed 1|1|0', 'log|missed 2|2|0'])
  })
})

describe('mosquitto_pub', () => {
  test('over TLS with a client certificate', async () => {
    const [server, device] = [createCertificate('localhost'), createCertificate('device')]
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const listener = { transport: 'tls', port: 0, ...server, ca: device.cert } as const
    const broker = await listeningBroker({ listeners: [listener] })
    const published = once(broker, 'published')
    const tls = ['--cafile', file('ca.pem', server.cert), '--cert', file('device.pem', device.cert)]
    const port = String(broker.addresses[0].port)
    const args = [
      '-h',
      'localhost',
      '-p',
      port,
      ...tls,
      '--key',
      file('key.pem', device.key),
      '-t',
      'a',
      '-m',
      'b',
    ]
    const program = spawned('mosquitto_pub', args)
    expect([await program.exited, program.stderr]).toEqual([0, ''])
    expect((await published)[0].packet.topic).toBe('a')
  })

  test('over a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'mqtt.sock')
    const broker = await listeningBroker({ listeners: [{ transport: 'unix', path }] })
    const published = once(broker, 'published')
    const program = spawned('mosquitto_pub', ['--unix', path, '-t', 'a', '-m', 'b', '-q', '1'])
    expect([await program.exited, program.stderr]).toEqual([0, ''])
    expect((await published)[0].packet.topic).toBe('a')
  })

  test('with a name where nobody asks for one is let in', async () => {
    const broker = await listeningBroker({ allowAnonymous: true })
    const published = once(broker, 'published')
    const args = [...at(broker), '-u', 'DVES_USER', '-P', 'DVES_PASS', '-t', 'a', '-m', 'b']
    expect(await spawned('mosquitto_pub', args).exited).toBe(0)
    const [{ client }] = await published
    expect([client.username, client.session.identity]).toEqual(['DVES_USER', undefined])
  })

  test('with a name that nobody knows is refused', async () => {
    const broker = await listeningBroker()
    const program = spawned('mosquitto_pub', [
      ...at(broker),
      '-u',
      'joe',
      '-P',
      'secret',
      '-t',
      'a',
      '-m',
      'b',
    ])
    // Return code 4: bad user name or password.
    expect(await program.exited).toBe(4)
  })
})
