/** `mqtt-stack health`, against brokers and what is none. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { serverCertificate } from '../../../../test/rig/secure.ts'
import { health } from './health.ts'

async function asked(...args: string[]): Promise<[number, string, string]> {
  let [out, err] = ['', '']
  const io = {
    stdin: Readable.from([]),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: {},
  }
  return [await health(args, io), out, err]
}

async function serverThat(answers: (socket: Socket) => void): Promise<string> {
  const server = createServer(answers).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await new Promise((resolve) => server.once('listening', () => resolve(undefined)))
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('a broker that answers is well', () => {
  test('over TCP, TLS and a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const { cert, key } = serverCertificate('localhost')
    const broker = await listeningBroker({
      listeners: [
        { transport: 'tcp', port: 0 },
        { transport: 'tls', port: 0, cert, key },
        { transport: 'unix', path: join(folder, 'mqtt.sock') },
      ],
    })
    for (const { url } of broker.addresses)
      expect(await asked('--url', url)).toEqual([0, `${url}: lets clients in\n`, ''])
  })

  test('whether it lets the client in or not', async () => {
    const broker = await listeningBroker({
      use: [{ name: 'Nobody', authenticateConnection() {} }],
      authorize: false,
    })
    const [{ url }] = broker.addresses
    expect(await asked('--url', url)).toEqual([0, `${url}: answers, and refuses with 5\n`, ''])
  })
})

describe('otherwise it is not', () => {
  test('nobody listens', async () => {
    const [code, , text] = await asked('--url', 'unix:/nowhere/mqtt.sock')
    expect([code, text]).toEqual([
      1,
      'mqtt-stack health: unix:/nowhere/mqtt.sock: connect ENOENT /nowhere/mqtt.sock\n',
    ])
  })

  test.each<[string, (socket: Socket) => void, string]>([
    ['who says nothing', () => {}, 'no answer within 50 ms'],
    ['who hangs up', (socket) => void socket.resume().end(), 'it closed the connection and said nothing'],
    [
      'who speaks another language',
      (socket) => void socket.end('HTTP/1.1'),
      'what answers there is no MQTT broker',
    ],
  ])('%s', async (_what, answers, problem) => {
    const url = await serverThat((socket) => answers(socket.on('error', () => {})))
    expect(await asked('--url', url, '--timeout', '50')).toEqual([
      1,
      '',
      `mqtt-stack health: ${url}: ${problem}\n`,
    ])
  })

  test('what cannot be asked is named', async () => {
    await expect(asked('--url', 'wss://localhost:8084')).rejects.toThrow(
      'mqtt-stack health: "wss://localhost:8084": mqtt, mqtts and unix can be asked',
    )
  })
})

test('--help', async () => {
  const [code, text] = await asked('--help')
  expect(code).toBe(0)
  expect(text).toContain('--timeout <ms>')
})
