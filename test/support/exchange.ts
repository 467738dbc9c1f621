import type { IClientOptions, MqttClient } from 'mqtt'
import { connect } from 'mqtt'
import { expect, onTestFinished } from 'vitest'

/** A real client that is accepted, and gone when the test is over. */
export async function client(url: string, options?: IClientOptions): Promise<MqttClient> {
  const made = connect(url, { reconnectPeriod: 0, ...options })
  onTestFinished(() => void made.end(true))
  await new Promise((resolve, reject) => made.once('connect', resolve).once('error', reject))
  return made
}

/** A message goes from one client to another at QoS 2, and to a third one because it is retained. */
export async function exchange(url: string, options?: IClientOptions, topic = 'joe/lamp'): Promise<void> {
  const [publisher, subscriber] = [await client(url, options), await client(url, options)]
  await subscriber.subscribeAsync(`${topic}/#`, { qos: 2 })
  const live = message(subscriber)
  await publisher.publishAsync(topic, 'on', { qos: 2, retain: true })
  expect(await live).toBe(`${topic} on 2 false`)
  const late = await client(url, options)
  const kept = message(late)
  await late.subscribeAsync(topic, { qos: 1 })
  expect(await kept).toBe(`${topic} on 1 true`)
}

function message(from: MqttClient): Promise<string> {
  return new Promise((resolve) => {
    from.once('message', (topic, payload, { qos, retain }) => resolve(`${topic} ${payload} ${qos} ${retain}`))
  })
}
