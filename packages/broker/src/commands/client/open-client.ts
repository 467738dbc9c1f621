/** Clients of MQTT.js: opened once, and closed in time. The module is loaded by who opens one. */
import { connect as connectSocket } from 'node:net'
import type { MqttClient } from 'mqtt'
import type { Target } from './client-flags.ts'

/** How long a broker may take to close a connection that says goodbye, in ms. */
const CLOSE_TIMEOUT = 2_000

/**
 * Connects, once.
 * @param prepare Is called before anything can come: messages of a session come together with CONNACK.
 * @throws Error whose message says where, and why not.
 */
export async function openClient(
  { url, options }: Target,
  clientId?: string,
  prepare?: (client: MqttClient) => void,
): Promise<MqttClient> {
  const { connect, MqttClient: Client } = await import('mqtt')
  const all = { ...options, ...(clientId !== undefined && { clientId }) }
  const client = url.startsWith('unix:')
    ? new Client(() => connectSocket(url.slice('unix:'.length)), all)
    : connect(url, all)
  // Without a listener an error would end the process.
  client.on('error', () => {})
  prepare?.(client)
  try {
    return await connected(client)
  } catch (error) {
    client.stream.destroy()
    throw new Error(`${url}: ${wordsOf(error as Error)}`, { cause: error })
  }
}

function connected(client: MqttClient): Promise<MqttClient> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve(client))
    client.once('error', reject)
    client.once('close', () => reject(new Error('it closed the connection and said nothing')))
  })
}

/** Says goodbye, and waits for the broker to close, but not for ever. */
export function closeClient(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(closed, CLOSE_TIMEOUT)
    client.end(closed)

    function closed(): void {
      clearTimeout(late)
      // What MQTT.js has begun to end it does not end by force.
      client.stream.destroy()
      resolve()
    }
  })
}

/** An error of MQTT.js in one line; that of several addresses says nothing of its own. */
export function wordsOf(error: Error): string {
  const { errors, code } = error as { errors?: readonly Error[]; code?: unknown }
  const text = error.message || errors?.[0]?.message || String(code ?? 'it does not answer')
  return typeof code === 'number' && code > 0 ? `${text} (0x${code.toString(16).padStart(2, '0')})` : text
}
