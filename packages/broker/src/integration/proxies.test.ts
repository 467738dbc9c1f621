/** Behind real proxies: HAProxy and nginx say where clients are, over TCP, TLS and WebSocket. */
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import type { Listener } from '@mqtt-stack/core'
import { TestClient } from '@mqtt-stack/testing'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { needs, programPath } from '../../../../test/support/needs.ts'
import type { OpenPort } from '../../../../test/support/open-port.ts'
import { openPort } from '../../../../test/support/open-port.ts'
import { spawned } from '../../../../test/support/spawned.ts'
import { createCertificate } from '../../../benchmark/src/brokers/certificate.ts'
import type { Broker, ListenerOptions } from '../index.ts'

/** Clients come from here, and proxies from 127.0.0.1. */
const CLIENT = '127.0.0.2'
const proxy = { from: ['127.0.0.1'] }
const server = createCertificate('localhost')
const device = createCertificate('device 1')

const brokerOn = (...listeners: ListenerOptions[]): Promise<Broker> =>
  listeningBroker({ listeners, allowAnonymous: true })

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

function file(name: string, text: string): string {
  const path = join(folder(), name)
  writeFileSync(path, text)
  return path
}

async function dial({ host, port }: OpenPort): Promise<ReturnType<typeof connect>> {
  const socket = connect({ host, port, localAddress: CLIENT }).on('error', () => {})
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Connects, and says what the broker knows of the connection. */
async function listenerOf(
  broker: Broker,
  stream: ConstructorParameters<typeof TestClient>[0],
): Promise<Listener> {
  expect(await new TestClient(stream, { patience: 15_000 }).connect()).toMatchObject({ returnCode: 0 })
  expect(broker.stack.clients.size).toBe(1)
  return [...broker.stack.clients][0].listener
}

// Elsewhere 127.0.0.2 is no address of the machine.
const onLinux = describe.runIf(process.platform === 'linux')

onLinux('HAProxy', () => {
  beforeEach((context) => needs(context, 'haproxy'))

  /** @param bind What is behind the address that clients connect to. @param to What is behind the broker's. */
  async function haproxy(broker: Broker, to: string, bind = ''): Promise<OpenPort> {
    const port = await openPort()
    const { port: target } = broker.addresses[0]
    const lines = ['defaults', 'mode tcp', 'timeout connect 10s', 'timeout client 1m', 'timeout server 1m']
    const proxied = ['listen mqtt', `bind fd@3 ${bind}`, `server broker 127.0.0.1:${target} ${to}`, '']
    const config = file('haproxy.cfg', [...lines, ...proxied].join('\n'))
    spawned(programPath('haproxy') as string, ['-db', '-f', config], { inherits: [port.fd] })
    port.handOver()
    return port
  }

  test.each([
    ['version 1', 'send-proxy'],
    ['version 2', 'send-proxy-v2'],
    ['version 2 with a checksum', 'send-proxy-v2 proxy-v2-options crc32c,unique-id,authority'],
  ])('%s', async (_what, to) => {
    const broker = await brokerOn({ port: 0, proxy })
    const socket = await dial(await haproxy(broker, to))
    const { localPort } = socket
    const { remote, local, proxy: by } = await listenerOf(broker, socket)
    expect([remote, local]).toEqual([`${CLIENT}:${localPort}`, false])
    expect(by).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  test('with the TLS facts of a client whose TLS ends at the proxy', async () => {
    const broker = await brokerOn({ port: 0, proxy })
    const pem = file('server.pem', server.cert + server.key)
    const bind = `ssl crt ${pem} ca-file ${file('ca.pem', device.cert)} verify optional`
    const options = 'proxy-v2-options ssl,cert-cn,ssl-cipher,authority,crc32c'
    const port = await haproxy(broker, `send-proxy-v2 ${options}`, bind)
    const socket = await dial(port)
    const tls = connectTls({ socket, ca: server.cert, servername: 'localhost', ...device })
    const listener = await listenerOf(
      broker,
      tls.on('error', () => {}),
    )
    expect(listener.remote).toBe(`${CLIENT}:${socket.localPort}`)
    expect(listener.tls).toEqual({
      version: 'TLSv1.3',
      cipher: tls.getCipher().standardName,
      serverName: 'localhost',
    })
    expect(listener.certificate?.()).toEqual({ subject: { CN: 'device 1' } })
  })

  test('in front of TLS that ends at the broker', async () => {
    const broker = await brokerOn({ transport: 'tls', port: 0, proxy, ...server, ca: device.cert })
    const socket = await dial(await haproxy(broker, 'send-proxy-v2'))
    const tls = connectTls({ socket, ca: server.cert, servername: 'localhost', ...device })
    const listener = await listenerOf(
      broker,
      tls.on('error', () => {}),
    )
    expect(listener.remote).toBe(`${CLIENT}:${socket.localPort}`)
    expect(listener.certificate?.()?.subject?.CN).toBe('device 1')
  })
})

onLinux('nginx', () => {
  beforeEach((context) => needs(context, 'nginx'))

  /** @param blocks What stands in the configuration besides; `LISTEN` is the address that clients connect to. */
  async function nginx(blocks: string): Promise<OpenPort> {
    const port = await openPort()
    const at = folder()
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${at}/${name};`,
    )
    const config = file(
      'nginx.conf',
      `include /etc/nginx/modules-enabled/*.conf;
      daemon off; master_process off; pid ${at}/pid; error_log stderr notice; events {}
      ${blocks.replace('LISTEN', `${port.host}:${port.port}`).replace('TEMPORARY', `access_log off; ${temporary.join(' ')}`)}`,
    )
    // It inherits no sockets, and takes the port itself.
    port.handOver()
    const program = spawned(programPath('nginx') as string, ['-c', config, '-e', 'stderr'])
    await program.prints(/using the "\w+" event method/)
    return port
  }

  test('a stream, by PROXY protocol', async () => {
    const broker = await brokerOn({ port: 0, proxy })
    const to = `proxy_pass 127.0.0.1:${broker.addresses[0].port}; proxy_protocol on;`
    const socket = await dial(await nginx(`stream { server { listen LISTEN; ${to} } }`))
    const { localPort } = socket
    const { remote, local } = await listenerOf(broker, socket)
    expect([remote, local]).toEqual([`${CLIENT}:${localPort}`, false])
  })

  test('a WebSocket, by X-Forwarded-For', async () => {
    const broker = await brokerOn({ transport: 'ws', port: 0, path: '/mqtt', forwardedFor: proxy })
    const upgrade =
      'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;'
    const told = 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $host;'
    const to = `proxy_pass http://127.0.0.1:${broker.addresses[0].port}; ${upgrade} ${told}`
    const port = await nginx(`http { TEMPORARY server { listen LISTEN; location /mqtt { ${to} } } }`)
    const headers = { 'x-forwarded-for': '127.0.0.1', origin: `http://${port.host}` }
    const address = `ws://${port.host}:${port.port}/mqtt`
    const webSocket = new WebSocket(address, 'mqtt', { headers, localAddress: CLIENT, family: 4 })
    onTestFinished(() => webSocket.terminate())
    const stream = createWebSocketStream(webSocket.on('error', () => {}))
    const { remote, local, origin, proxy: by } = await listenerOf(broker, stream)
    expect([remote, local, origin]).toEqual([CLIENT, false, headers.origin])
    expect(by).toMatch(/^127\.0\.0\.1:\d+$/)
  })
})
