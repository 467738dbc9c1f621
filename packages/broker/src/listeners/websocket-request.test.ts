/** What of a WebSocket's request counts, and what middlewares see of it: real clients. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { Listener } from '@mqtt-stack/core'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { TestClient } from '@mqtt-stack/testing'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import type { Broker } from '../broker.ts'
import type { BrokerOptions } from '../broker-options.ts'
import type { WsListenerOptions } from './options.ts'

function wsBroker(listener: Partial<WsListenerOptions> = {}, options: BrokerOptions = {}): Promise<Broker> {
  return listeningBroker({ listeners: [{ transport: 'ws', port: 0, ...listener }], ...options })
}

/** The return code of CONNACK. */
async function connect({ addresses: [{ url }] }: Broker, headers: Record<string, string>): Promise<unknown> {
  const socket = new WebSocket(new URL('/mqtt?x=1', url), 'mqtt', { headers })
  onTestFinished(() => socket.terminate())
  socket.on('error', () => {})
  return (await new TestClient(createWebSocketStream(socket), { patience: 10_000 }).connect()).returnCode
}

/** Status and text that an upgrade is refused with. */
async function refusal(
  { addresses: [{ port }] }: Broker,
  headers: Record<string, string>,
): Promise<[number, string]> {
  const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }
  const mqtt = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-protocol': 'mqtt' }
  const asked = request({ port, host: '127.0.0.1', headers: { ...upgrade, ...mqtt, ...headers } }).end()
  const [response] = await once(asked, 'response')
  let body = ''
  for await (const chunk of response) body += chunk
  return [response.statusCode, body]
}

const listenerOf = ({ stack }: Broker): Listener => [...stack.clients][0].listener

function refusals({ stack }: Broker): unknown[] {
  const { lines } = stack.config.logger as RecordingLogger
  return lines.filter(({ message }) => message === 'client refused').map(({ cause }) => cause)
}

describe('origins', () => {
  test('a page of another host is refused with 403, and that is logged', async () => {
    const broker = await wsBroker({ name: 'web' })
    const origin = 'https://evil.example'
    expect(await refusal(broker, { origin })).toEqual([403, 'pages of this origin may not connect\n'])
    expect(refusals(broker)).toEqual([
      {
        event: 'client.refused',
        remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
        transport: 'ws',
        listener: 'web',
        origin,
        reasonCode: 0x87,
        cause: 'pages of this origin may not connect (option "origins")',
      },
    ])
    expect(broker.stack.clients.size).toBe(0)
  })

  test('one of the same host, one that is listed, and who is no page are let in', async () => {
    const broker = await wsBroker({ origins: ['https://app.example'] }, { allowAnonymous: true })
    expect(await connect(broker, { origin: 'http://127.0.0.1:5173' })).toBe(0)
    expect(await connect(broker, { origin: 'http://broker.example', host: 'broker.example:8083' })).toBe(0)
    expect(await connect(broker, { origin: 'https://app.example' })).toBe(0)
    expect(await connect(broker, {})).toBe(0)
    expect((await refusal(broker, { origin: 'https://evil.example' }))[0]).toBe(403)
  })

  test('a page that is listed is not local for that', async () => {
    const broker = await wsBroker({ origins: ['https://app.example'] })
    expect(await connect(broker, { origin: 'https://app.example' })).toBe(5)
  })
})

describe('the request', () => {
  test('is there for middlewares: path, headers and cookies', async () => {
    const seen: unknown[] = []
    const broker = await wsBroker(
      {},
      {
        use: [
          {
            name: 'Cookies',
            authenticateConnection({ client: { listener } }, store) {
              seen.push(listener.request?.url, listener.request?.headers['x-device'])
              store.valid = listener.request?.cookies.get('session') === 'abc d'
            },
          },
        ],
        authorize: false,
      },
    )
    const headers = { cookie: 'a=1; session=abc%20d', 'x-device': '7' }
    expect(await connect(broker, headers)).toBe(0)
    expect(await connect(broker, { cookie: 'session=other' })).not.toBe(0)
    expect(seen).toEqual(['/mqtt?x=1', '7', '/mqtt?x=1', undefined])
  })

  test('is not there over other transports', async () => {
    const broker = await listeningBroker()
    const client = await connectAsync(broker.addresses[0].url)
    onTestFinished(() => void client.end(true))
    expect(listenerOf(broker).request).toBeUndefined()
  })
})

describe('X-Forwarded-For', () => {
  const known = { forwardedFor: { from: ['127.0.0.1', '10.0.0.0/8'] } }

  test('from a proxy that is listed says where the client is', async () => {
    const broker = await wsBroker(known, { allowAnonymous: true })
    await connect(broker, { 'x-forwarded-for': '127.0.0.1, 192.0.2.1, 10.1.1.1' })
    const { remote, local, proxy } = listenerOf(broker)
    expect([remote, local, proxy]).toEqual(['192.0.2.1', false, expect.stringMatching(/^127\.0\.0\.1:\d+$/)])
  })

  test('what comes from a proxy is never local, whatever the header says, or without one', async () => {
    const broker = await wsBroker(known)
    expect(await connect(broker, { 'x-forwarded-for': '127.0.0.1' })).toBe(5)
    expect(await connect(broker, { 'x-forwarded-for': '::1' })).toBe(5)
    expect(await connect(broker, {})).toBe(5)
  })

  test('a listener that passes on what others send is not local, and those who come to it directly still are', async () => {
    const broker = await wsBroker({ forwardedFor: { from: ['10.0.0.0/8'] } })
    expect(broker.addresses[0].local).toBe(false)
    expect(await connect(broker, {})).toBe(0)
  })

  test('a client that is gone is not taken for one of this machine', async () => {
    const broker = await wsBroker(known, { allowAnonymous: true })
    await connect(broker, {})
    const [client] = broker.stack.clients
    const closed = new Promise<void>((resolve) => client.onClose(() => resolve()))
    client.stream.destroy()
    await closed
    expect(client.listener.local).toBe(false)
  })

  test('from elsewhere is not believed, and still not local', async () => {
    const broker = await wsBroker({ forwardedFor: { from: ['10.0.0.0/8'] } })
    expect(await connect(broker, { 'x-forwarded-for': '127.0.0.1' })).toBe(5)
    expect(await connect(broker, {})).toBe(0)
    const { remote, proxy } = listenerOf(broker)
    expect([remote, proxy]).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/), undefined])
  })

  test('a refusal is told with the address of the client', async () => {
    const broker = await wsBroker({ ...known, path: '/mqtt' })
    expect(await refusal(broker, { 'x-forwarded-for': '192.0.2.1' })).toEqual([404, 'MQTT is at /mqtt\n'])
    expect(refusals(broker)).toEqual([
      expect.objectContaining({ remote: '192.0.2.1', proxy: expect.stringMatching(/^127\.0\.0\.1:\d+$/) }),
    ])
  })
})
