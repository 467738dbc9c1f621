/** What is in deploy/: proxies that run, and configurations that check has nothing against. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { devices, serverCertificate, servers } from '../../../../test/rig/secure.ts'
import { needs } from '../../../../test/support/needs.ts'
import { spawned } from '../../../../test/support/spawned.ts'
import type { Broker } from '../broker.ts'
import { check } from '../commands/check.ts'
import { passwd } from '../commands/passwd.ts'
import { brokerOptionsOf } from '../config/broker-options-of.ts'
import { readText } from '../config/load-config.ts'

const deploy = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../../../deploy/${name}`, import.meta.url)), 'utf8')

interface Files {
  readonly folder: string
  readonly at: (name: string) => string
}

/** Certificates, and a file of users with alice in it. */
async function makeFiles(): Promise<Files> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const at = (name: string): string => join(folder, name)
  for (const name of ['certs', 'secrets']) mkdirSync(at(name))
  const { cert, key } = serverCertificate('localhost')
  const made = { 'tls.crt': cert, 'tls.key': key, 'server.pem': cert + key, 'devices.pem': devices.cert }
  for (const [name, text] of Object.entries(made)) writeFileSync(at(`certs/${name}`), text, { mode: 0o600 })
  writeFileSync(at('secrets/operator'), 'a-token-of-an-operator\n', { mode: 0o600 })
  const quiet = { write: () => undefined }
  for (const users of ['users', 'secrets/users']) {
    const stdin = Readable.from([Buffer.from('secret\n')])
    await passwd([at(users), 'alice'], { stdin, stdout: quiet, stderr: quiet, env: {} })
  }
  return { folder, at }
}

/** The broker of deploy/behind-proxies.yaml, on free ports; its addresses are in the order of that file. */
async function behindProxies({ at }: Files): Promise<Broker> {
  const text = deploy('behind-proxies.yaml').replaceAll(/:1\d{4}/g, ':0')
  return listeningBroker(await brokerOptionsOf(await readText(at('broker.yaml'), text)))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', () => resolve(undefined)))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until somebody accepts connections there. */
async function opened(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function client(url: string, options: IClientOptions): Promise<MqttClient> {
  const secure = { ca: servers.cert, servername: 'localhost', reconnectPeriod: 0 }
  const one = await connectAsync(url, { ...secure, ...options })
  onTestFinished(() => void one.end(true))
  return one
}

/** What the broker knows of the client with this identifier. */
function known({ stack }: Broker, clientId: string) {
  const found = [...stack.clients].find(({ id }) => id === clientId)
  const { listener, session } = found as NonNullable<typeof found>
  const { remote, proxy, local, tls } = listener
  return { remote, proxy, local, tls: tls?.version, identity: session.identity }
}

const ADDRESS = expect.stringMatching(/^127\.0\.0\.1/)
const PASSWORD = { username: 'alice', password: 'secret' }

describe('HAProxy', () => {
  beforeEach((context) => needs(context, 'haproxy'))

  test('TLS goes through, or ends there with a client’s certificate', async () => {
    const files = await makeFiles()
    const broker = await behindProxies(files)
    const [plain, secure] = broker.addresses
    const [through, ended] = [await freePort(), await freePort()]
    const text = deploy('haproxy.cfg')
      .replace('bind :8883', `bind 127.0.0.1:${through}`)
      .replace('bind :8884', `bind 127.0.0.1:${ended}`)
      .replace(':18883', `:${secure.port}`)
      .replace(':11883', `:${plain.port}`)
      .replaceAll('/etc/haproxy/certs', files.at('certs'))
    writeFileSync(files.at('haproxy.cfg'), text)
    // As many files as Linux gives a process where nobody has raised the limit.
    spawned('sh', [
      '-c',
      'ulimit -Sn 1024 && ulimit -Hn 4096 && exec haproxy -db -f "$0"',
      files.at('haproxy.cfg'),
    ])
    await Promise.all([opened(through), opened(ended)])

    await client(`mqtts://127.0.0.1:${through}`, { clientId: 'a', ...PASSWORD })
    expect(known(broker, 'a')).toMatchObject({
      remote: ADDRESS,
      proxy: ADDRESS,
      local: false,
      identity: 'alice',
    })
    await client(`mqtts://127.0.0.1:${ended}`, { clientId: 'b', ...PASSWORD })
    expect(known(broker, 'b')).toMatchObject({ proxy: ADDRESS, tls: 'TLSv1.3', identity: 'alice' })
    const { cert, key } = devices.client('lamp')
    await client(`mqtts://127.0.0.1:${ended}`, { clientId: 'c', cert, key })
    expect(known(broker, 'c')).toMatchObject({ remote: ADDRESS, local: false, identity: 'lamp' })
  })
})

describe('nginx', () => {
  beforeEach((context) => needs(context, 'nginx'))

  test('MQTT and WebSocket', async () => {
    const files = await makeFiles()
    const broker = await behindProxies(files)
    const [plain, , web] = broker.addresses
    const [stream, http] = [await freePort(), await freePort()]
    const text = deploy('nginx.conf')
      .replace('load_module modules', 'load_module /usr/lib/nginx/modules')
      .replace('listen 8883', `listen 127.0.0.1:${stream}`)
      .replace('listen 8443', `listen 127.0.0.1:${http}`)
      .replace(':11883', `:${plain.port}`)
      .replace(':18083', `:${web.port}`)
      .replaceAll('/etc/nginx/certs', files.at('certs'))
      .replace('worker_rlimit_nofile 200000;', '')
      .replace('worker_connections 100000', 'worker_connections 100')
    writeFileSync(files.at('nginx.conf'), text)
    const main = `daemon off; master_process off; pid ${files.at('pid')}; error_log stderr;`
    spawned('nginx', ['-c', files.at('nginx.conf'), '-p', files.folder, '-g', main])
    await Promise.all([opened(stream), opened(http)])

    await client(`mqtts://127.0.0.1:${stream}`, { clientId: 'a', ...PASSWORD })
    expect(known(broker, 'a')).toMatchObject({
      remote: ADDRESS,
      proxy: ADDRESS,
      local: false,
      identity: 'alice',
    })
    const origin = `https://localhost:${http}`
    const wsOptions = { headers: { origin, 'x-forwarded-for': '192.0.2.1' }, ca: servers.cert }
    await client(`wss://localhost:${http}/mqtt`, { clientId: 'b', ...PASSWORD, wsOptions })
    expect(known(broker, 'b')).toMatchObject({
      remote: ADDRESS,
      proxy: ADDRESS,
      local: false,
      identity: 'alice',
    })
  })
})

describe('configurations', () => {
  async function problemsOf(text: string): Promise<string> {
    const { at } = await makeFiles()
    // What is in volumes is here beside the configuration.
    const here = text
      .replaceAll('/etc/mqtt-stack-tls/', 'certs/')
      .replaceAll('/etc/mqtt-stack-users/', 'secrets/')
      .replaceAll('/data/', 'data/')
    writeFileSync(at('broker.yaml'), here, { mode: 0o600 })
    let said = ''
    const out = { write: (part: string) => (said += part) }
    await check([at('broker.yaml')], { stdin: Readable.from([]), stdout: out, stderr: out, env: {} })
    return said
  }

  test('that of the container', async () => {
    expect(await problemsOf(deploy('broker.yaml'))).toMatch(/\n0 errors, 0 warnings\n$/)
  })

  test('that of the page on deploying, for whoever watches a broker', async () => {
    const [, page = ''] = /```yaml\n(admin:[^`]*)```/.exec(deploy('../docs/deploying.md')) ?? []
    const said = await problemsOf(page)
    expect(said).toContain('everybody, without a token: /healthz, /readyz and /metrics')
    expect(said).toMatch(/\n0 errors, 0 warnings\n$/)
  })

  test('that behind proxies', async () => {
    expect(await problemsOf(deploy('behind-proxies.yaml'))).toMatch(/\n0 errors, \d warnings\n$/)
  })

  test('that of Kubernetes; nothing is root or writes beside its volumes', async () => {
    const [config, service, set] = parseAllDocuments(deploy('kubernetes.yaml')).map((one) => one.toJS())
    expect(await problemsOf(config.data['broker.yaml'])).toMatch(/\n0 errors, 0 warnings\n$/)
    const { spec } = set.spec.template
    const [container] = spec.containers
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 })
    expect(container.securityContext).toMatchObject({ readOnlyRootFilesystem: true })
    const volumes = [
      ...spec.volumes,
      ...set.spec.volumeClaimTemplates.map((one: { metadata: object }) => one.metadata),
    ]
    const names = volumes.map(({ name }: { name: string }) => name)
    expect(container.volumeMounts.map(({ name }: { name: string }) => name).sort()).toEqual(names.sort())
    expect(service.spec.selector).toEqual(set.spec.template.metadata.labels)
  })
})
