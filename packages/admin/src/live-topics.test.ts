/** The newest messages of topics, as somebody looks on. */

import { Publish } from '@mqtt-stack/core'
import { expect, it } from 'vitest'
import { openAdmin, READER } from '../../../test/rig/admin.ts'
import { TopicWatch } from './live/topic-watch.ts'

const message = (topic: string, payload: string | Buffer): Publish =>
  Publish.from({ topic, payload: Buffer.from(payload as string) })

it('the newest of each topic is told, with its count and the beginning of its payload', () => {
  const watch = new TopicWatch('room/#', 10)
  watch.see(message('room/1', 'a'))
  watch.see(message('other', 'x'))
  watch.see(message('room/2', 'ä'.repeat(200)))
  watch.see(message('room/1', 'b'))
  expect(watch.take()).toEqual({
    topics: [
      { topic: 'room/1', payload: 'b', bytes: 1, qos: 0, retain: false, count: 2 },
      { topic: 'room/2', payload: 'ä'.repeat(128), bytes: 400, qos: 0, retain: false, count: 1 },
    ],
    more: 0,
  })
  expect(watch.take()).toBeUndefined()
})

it('topics, bytes and messages are bounded, and what is left out is counted', () => {
  const watch = new TopicWatch('#', 2)
  for (const topic of ['a', 'b', 'c', 'x'.repeat(1_025)]) watch.see(message(topic, ''))
  expect(watch.take()).toMatchObject({ topics: [{ topic: 'a' }, { topic: 'b' }], more: 2 })
  for (let i = 0; i < 10_003; i++) watch.see(message('a', ''))
  expect(watch.take()).toMatchObject({ topics: [{ topic: 'a', count: 10_000 }], more: 3 })
  // A character that the end goes through is left out.
  watch.see(message('a', `x${'ä'.repeat(200)}`))
  expect(watch.take()?.topics[0]?.payload).toBe(`x${'ä'.repeat(127)}`)
})

it('a reader is told over HTTP, and nothing is heard when it has gone', async () => {
  const { url, client, broker, ask } = await openAdmin({ streams: 1 })
  const headers = { authorization: `Bearer ${READER}` }
  const gone = new AbortController()
  const response = await fetch(`${url}/api/live/topics?filter=room/%2B`, { headers, signal: gone.signal })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect((await ask('/api/live/topics')).status).toBe(429)
  const lamp = await client({ clientId: 'lamp' })
  await lamp.publish('room/1', 'warm', { qos: 1 })
  await lamp.publish('hall', 'cold', { qos: 1 })
  let text = ''
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += new TextDecoder().decode(chunk)
    if (text.includes('\n\n')) break
  }
  expect(JSON.parse(/^event: topics\ndata: (.*)$/m.exec(text)?.[1] ?? '{}')).toMatchObject({
    topics: [{ topic: 'room/1', payload: 'warm', bytes: 4, qos: 1, retain: false, count: 1 }],
    more: 0,
  })
  gone.abort()
  await expect.poll(() => broker.stack.answers('messagePublished')).toBe(false)
})

it('what is no filter is refused', async () => {
  const { ask } = await openAdmin()
  const { status, body } = await ask('/api/live/topics?filter=a%23')
  expect([status, body.detail]).toEqual([400, 'query: "filter": "a#" is no topic filter'])
})
