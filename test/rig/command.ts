/** The command as it is built, and MQTT.js clients of it. */
import { fileURLToPath } from 'node:url'
import type { IClientOptions, MqttClient } from 'mqtt'
import { connectAsync } from 'mqtt'
import { onTestFinished } from 'vitest'
import type { Spawned } from '../support/spawned.ts'
import { spawned } from '../support/spawned.ts'

/** Node runs no TypeScript. */
export const CLI: string = fileURLToPath(new URL('../../packages/broker/dist/cli.js', import.meta.url))
/** A session that outlives its connection. */
export const STORED = {
  protocolVersion: 5,
  clean: false,
  properties: { sessionExpiryInterval: 600 },
} as const satisfies IClientOptions

/** The broker on a free TCP port; ended with the test. */
export function mqttStack(...args: readonly string[]): Spawned {
  return spawned(process.execPath, [CLI, '--port', '0', '--no-ws', ...args])
}

/** Where it listens, once it does. */
export async function urlOf(cli: Spawned): Promise<string> {
  const [url] = await cli.prints(/mqtt:\/\/[^" ]+/)
  return url
}

/** A client of it, which stays away when it is disconnected. */
export async function clientOf(cli: Spawned, options: IClientOptions): Promise<MqttClient> {
  const connected = await connectAsync(await urlOf(cli), { reconnectPeriod: 0, ...options })
  connected.on('error', () => {})
  onTestFinished(() => void connected.end(true))
  return connected
}

/** The next messages that come, sorted. */
export async function messages(from: MqttClient, count: number): Promise<string[]> {
  const got: string[] = []
  await new Promise<void>((resolve) => {
    from.on('message', (topic, payload) => {
      got.push(`${topic} ${payload}`)
      if (got.length === count) resolve()
    })
  })
  return got.sort()
}
