/** Tokens and a web service, from a configuration to MQTT.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { spawned } from '../../../../test/support/spawned.ts'
import { SECRET, token } from '../../../../test/support/tokens.ts'
import { json, webService } from '../../../../test/support/web-service.ts'

/** The command as it is built: Node runs no TypeScript. */
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

function configOf(origin: string): string {
  return `listeners: [{ listen: "mqtt://127.0.0.1:0" }]
auth:
  jwt: { algorithms: [HS256], keyFile: secret, issuer: login, clientIdClaim: device, rightsClaim: mqtt }
  http: { authenticate: "${origin}/who", authorize: "${origin}/what", token: "\${TOKEN}" }
`
}

/** The address of a broker that was started by its command. */
async function broker(origin: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'broker.yaml'), configOf(origin))
  writeFileSync(join(folder, 'secret'), `${SECRET}\n`)
  const env = { ...process.env, TOKEN: 'of the broker' }
  const cli = spawned(process.execPath, [CLI, '--config', 'broker.yaml'], { cwd: folder, env })
  const [, url] = await cli.prints(/listening on (mqtt:[\w:/.]+)/)
  return url
}

async function dial(url: string, options: IClientOptions): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5, ...options })
  onTestFinished(() => void client.end(true))
  return client
}

test('a configuration, MQTT.js: a token and its rights, and a web service for whoever has none', async () => {
  const service = await webService((response, { url, body }) => {
    if (url === '/who') return json({ result: body.password === 'one' ? 'allow' : 'deny' })(response)
    const results = body.questions.map(({ topic }: { topic: string }) => (topic === 'no' ? 'deny' : 'allow'))
    return json({ results })(response)
  })
  const url = await broker(service.origin)
  const exp = Math.floor(Date.now() / 1_000) + 3_600
  const claims = { iss: 'login', exp, device: 'lamp', mqtt: { publish: ['devices/%c/#'] } }
  const password = token(claims)

  const lamp = await dial(url, { clientId: 'lamp', username: 'any', password })
  expect(service.asked).toHaveLength(0)
  await lamp.publishAsync('devices/lamp/on', '', { qos: 1 })
  await expect(lamp.publishAsync('devices/door/on', '', { qos: 1 })).rejects.toThrow(/authorized/i)
  await expect(dial(url, { clientId: 'door', username: 'any', password })).rejects.toMatchObject({
    code: 0x85,
  })
  const old = token({ ...claims, exp: exp - 7_200 })
  await expect(dial(url, { clientId: 'lamp', username: 'any', password: old })).rejects.toMatchObject({
    code: 0x86,
  })

  const alice = await dial(url, { username: 'alice', password: 'one' })
  await alice.publishAsync('yes', '', { qos: 1 })
  await expect(alice.publishAsync('no', '', { qos: 1 })).rejects.toThrow(/authorized/i)
  await expect(dial(url, { username: 'alice', password: 'two' })).rejects.toMatchObject({ code: 0x86 })
  expect(service.asked.every(({ headers }) => headers.authorization === 'Bearer of the broker')).toBe(true)
})
