/** The command with client certificates. */
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { devices, serverCertificate, servers } from '../../../test/rig/secure.ts'
import type { Issued } from '../../../test/support/authority.ts'
import type { Spawned } from '../../../test/support/spawned.ts'
import { spawned } from '../../../test/support/spawned.ts'
import { openCertificateAuth } from './certificate-auth.ts'

/** The command as it is built: Node runs no TypeScript. */
const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))

beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('not built: run `npm run build`')
})

interface Running {
  readonly cli: Spawned
  /** Connects with a certificate, to an address of the machine's. */
  connect(own: Issued, options?: IClientOptions & { host?: string }): Promise<MqttClient>
  write(name: string, text: string): void
}

async function running(...flags: string[]): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, 'new'), text)
    renameSync(join(folder, 'new'), join(folder, name))
  }
  const { cert, key } = serverCertificate('localhost')
  for (const [name, text] of Object.entries({ cert, key, ca: devices.cert, crl: devices.revocations([]) }))
    write(name, text)
  const files = ['cert', 'key', 'ca', 'crl'].flatMap((name) => [`--${name}`, join(folder, name)])
  const cli = spawned(process.execPath, [CLI, '--port', '0', '--no-ws', ...files, ...flags])
  const [, port] = await cli.prints(/mqtts:\/\/[\d.]+:(\d+)/)
  return {
    cli,
    write,
    async connect(own, { host = '127.0.0.1', ...options } = {}) {
      const secure = { ca: servers.cert, cert: own.cert, key: own.key, servername: 'localhost' }
      const url = `mqtts://${host}:${port}`
      const client = await connectAsync(url, { reconnectPeriod: 0, ...secure, ...options })
      client.on('error', () => {})
      onTestFinished(() => void client.end(true))
      return client
    },
  }
}

describe('--ca', () => {
  test('a certificate lets a client in from anywhere, and says who it is', async () => {
    const { cli, connect } = await running('--host', '0.0.0.0')
    await cli.prints(/"level":40.*whoever has a certificate may read and write everything \(--ca\)/)
    const outer = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)
    const alice = await connect(devices.client('alice'), { clientId: 'lamp', host: outer?.address })
    await alice.subscribeAsync('a')
    await alice.publishAsync('a', 'b', { qos: 1 })
    // The session is alice's.
    await expect(connect(devices.client('mallory'), { clientId: 'lamp' })).rejects.toThrow()
    expect(alice.connected).toBe(true)
  })

  test('files are read again while it runs; who is revoked is closed', async () => {
    const { cli, connect, write } = await running()
    const [alice, bob] = [devices.client('alice'), devices.client('bob')]
    const [one, two] = [await connect(alice), await connect(bob)]
    const closed = new Promise((resolve) => one.once('close', () => resolve(undefined)))
    write('crl', devices.revocations([alice]))
    await closed
    await cli.prints(/the certificates were read again/)
    expect(two.connected).toBe(true)
    expect(cli.stdout).not.toContain('"level":40')
    // MQTT.js does not mind how a connection ends that it does not open again.
    void connect(alice).catch(() => {})
    await cli.prints(/it has been revoked/)
  })

  test('without its package it says what to install', async () => {
    const missing = Object.assign(new Error("Cannot find package '@mqtt-stack/auth-certificate'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    await expect(openCertificateAuth(() => Promise.reject(missing))).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message:
        'mqtt-stack: --ca needs @mqtt-stack/auth-certificate, which is not installed: npm install @mqtt-stack/auth-certificate',
    })
  })
})

test('a certificate out of a pipe is read once', async () => {
  const { cert, key } = serverCertificate('localhost')
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'cert'), cert)
  writeFileSync(join(folder, 'key'), key)
  const command = `exec "$0" "$1" --port 0 --ws-port 0 --cert ${folder}/cert --key <(cat ${folder}/key)`
  const cli = spawned('bash', ['-c', command, process.execPath, CLI])
  await cli.prints(/mqtts:/)
  await cli.prints(/wss:/)
})
