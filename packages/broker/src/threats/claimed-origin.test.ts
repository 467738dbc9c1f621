/** Where a client says that it comes from counts where a proxy that is configured says so, and nowhere else. */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect } from 'node:net'
import { TestClient } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { closeOf, listeningBroker } from '../../../../test/rig/broker.ts'
import { version2 } from '../../../../test/rig/proxy-headers.ts'
import type { Broker, ListenerOptions } from '../index.ts'

const ELSEWHERE = { from: ['198.51.100.0/24'] }
const HERE = { from: ['127.0.0.1'] }
const LOOPBACK = [127, 0, 0, 1, 127, 0, 0, 1, 0x30, 0x39, 0x07, 0x5b]
const HEADERS = [
  Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 12345 1883\r\n'),
  version2(0x21, 0x11, LOOPBACK),
] as const

const brokerOn = (listener: ListenerOptions): Promise<Broker> => listeningBroker({ listeners: [listener] })

async function dial({ addresses: [{ port }] }: Broker, bytes: Buffer): Promise<ReturnType<typeof connect>> {
  const socket = connect(port as number, '127.0.0.1').on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.write(bytes)
  return socket
}

/** The return code of CONNACK to an anonymous client, which local ones alone are accepted with. */
async function answer(broker: Broker, forwarded: string): Promise<unknown> {
  const headers = { 'x-forwarded-for': forwarded }
  const socket = new WebSocket(broker.addresses[0].url, 'mqtt', { headers }).on('error', () => {})
  onTestFinished(() => socket.terminate())
  return (await new TestClient(createWebSocketStream(socket), { patience: 10_000 }).connect()).returnCode
}

describe('a PROXY header', () => {
  test.each(HEADERS)('is refused where no proxy is expected', async (header) => {
    const broker = await brokerOn({ port: 0 })
    await closeOf((await dial(broker, header)).resume())
    expect(broker.stack.clients.size).toBe(0)
  })

  test.each(HEADERS)('is refused from elsewhere than a proxy', async (header) => {
    const broker = await brokerOn({ port: 0, proxy: ELSEWHERE })
    await closeOf((await dial(broker, header)).resume())
    expect(broker.stack.clients.size).toBe(0)
  })

  test.each(HEADERS)('makes nobody local, whatever address it tells', async (header) => {
    const broker = await brokerOn({ port: 0, proxy: HERE })
    const client = new TestClient(await dial(broker, header), { patience: 10_000 })
    expect((await client.connect()).returnCode).toBe(5)
  })

  test('counts once: a second one, of the client, is no MQTT', async () => {
    const broker = await brokerOn({ port: 0, proxy: HERE })
    await closeOf((await dial(broker, Buffer.concat([HEADERS[0], HEADERS[1]]))).resume())
    expect(broker.stack.clients.size).toBe(0)
  })
})

describe('X-Forwarded-For', () => {
  test('from elsewhere than a proxy makes nobody local', async () => {
    const broker = await brokerOn({ transport: 'ws', port: 0, forwardedFor: ELSEWHERE })
    expect(await answer(broker, '127.0.0.1')).toBe(5)
  })

  test('of a client’s own does not count before that of the proxy', async () => {
    const broker = await brokerOn({ transport: 'ws', port: 0, forwardedFor: HERE })
    const seen: unknown[] = []
    broker.on('clientRefused', ({ listener }) => seen.push(listener.remote))
    expect(await answer(broker, '127.0.0.1, 192.0.2.1')).toBe(5)
    expect(seen).toEqual(['192.0.2.1'])
  })
})
