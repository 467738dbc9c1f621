import assert from 'node:assert/strict'
import { Metrics } from '@mqtt-stack/metrics'
import { Tracing } from '@mqtt-stack/tracing'
import { describe, it } from 'vitest'
import { OPERATOR, openAdmin, READER } from '../../../test/rig/admin.ts'

/** Reads server-sent events until one of a kind has come, or the stream is over. */
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<{ kind: string; data: unknown }> {
  let text = ''
  for await (const chunk of body.pipeThrough(
    new TextDecoderStream() as never,
  ) as unknown as AsyncIterable<string>) {
    text += chunk
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const [kind = '', data = ''] = part.split('\n')
      yield { kind: kind.slice('event: '.length), data: JSON.parse(data.slice('data: '.length)) }
    }
  }
}

describe('a live trace', () => {
  it('tells each packet and decision of a client, and why it is over', async () => {
    const { url, client } = await openAdmin({}, { use: [new Tracing()] })
    const response = await fetch(`${url}/api/trace?clientId=lamp&events=2`, {
      headers: { authorization: `Bearer ${OPERATOR}` },
    })
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    await client({ clientId: 'lamp' })
    const seen: string[] = []
    for await (const { kind, data } of events(response.body as ReadableStream<Uint8Array>))
      seen.push(kind === 'over' ? `over ${(data as { why: string }).why}` : kind)
    assert.deepEqual(seen, ['traffic', 'traffic', 'over events'])
  })

  it.each([
    ['/api/trace?clientId=a', READER, 403, 'not-allowed'],
    ['/api/trace', OPERATOR, 400, 'bad-request'],
    ['/api/trace?topic=a/%23/b', OPERATOR, 400, 'bad-request'],
  ])('is refused: %s', async (path, token, status, code) => {
    const { ask } = await openAdmin({}, { use: [new Tracing()] })
    const answer = await ask(path, { token })
    assert.deepEqual([answer.status, answer.body.code], [status, code])
  })

  it('ends when its reader goes', async () => {
    const { url, broker } = await openAdmin({}, { use: [new Tracing({ followers: 1 })] })
    const abort = new AbortController()
    const headers = { authorization: `Bearer ${OPERATOR}` }
    await fetch(`${url}/api/trace?clientId=a`, { headers, signal: abort.signal })
    abort.abort()
    const follow = (): Promise<unknown> =>
      broker.stack.call('followTraffic', { terms: { clientId: 'b' }, see: () => {} })
    for (;;) {
      try {
        await follow()
        return
      } catch {
        await new Promise(setImmediate)
      }
    }
  })
})

describe('why', () => {
  it('names what is in the way', async () => {
    const { ask } = await openAdmin({}, { use: [new Tracing()] })
    const { status, body } = await ask('/api/why?topic=a&to=lamp', { token: READER })
    assert.equal(status, 200)
    assert.equal(body[0].cause, 'no-session')
  })

  it.each([
    ['/api/why?topic=a&to=lamp', '@mqtt-stack/tracing'],
    ['/api/trace?clientId=a', '@mqtt-stack/tracing'],
    ['/api/top/topics', '@mqtt-stack/metrics'],
  ])('says what is missing: %s', async (path, name) => {
    const { ask } = await openAdmin({}, { tracing: false })
    const { status, body } = await ask(path)
    assert.equal(status, 501)
    assert.equal(body.detail, `nobody here answers that: add ${name} to the stack`)
  })
})

it('lists the largest', async () => {
  const { ask, client } = await openAdmin({}, { use: [new Metrics()] })
  const lamp = await client({ clientId: 'lamp' })
  for (let i = 0; i < 10; i++) await lamp.publish('a', 'x', { qos: 1 })
  const { status, body } = await ask('/api/top/topics')
  assert.equal(status, 200)
  assert.ok(Array.isArray(body))
})
