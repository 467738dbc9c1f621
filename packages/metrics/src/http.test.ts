import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'
import { Metrics } from './index.ts'
import { MetricsServer } from './out/http.ts'
import { placeOf } from './out/place.ts'

async function served(): Promise<{ url: string; port: number; metrics: Metrics }> {
  const { broker, metrics } = metered({ listen: '127.0.0.1:0' })
  await broker.start()
  const port = metrics.address?.port as number
  return { url: `http://127.0.0.1:${port}`, port, metrics }
}

/** What is answered to raw bytes, until the end of the connection. */
async function raw(port: number, ...chunks: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  for (const chunk of chunks) socket.write(chunk)
  await new Promise((resolve) => socket.once('close', resolve))
  return answer
}

describe('/metrics', () => {
  it('is served to GET and HEAD', async () => {
    const { url } = await served()
    const response = await fetch(`${url}/metrics`)
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    expect(text).toContain('# TYPE mqtt_clients_connected gauge\n')
    expect(text).toContain('mqtt_relay_seconds_bucket{le="+Inf"} 0\n')
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  it('is served to no other method, and nothing else is', async () => {
    const { url } = await served()
    const post = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' })
    expect([post.status, post.headers.get('allow'), await post.text()]).toEqual([
      405,
      'GET, HEAD',
      'only GET and HEAD\n',
    ])
    const other = await fetch(`${url}/metrics/../etc/passwd`)
    expect([other.status, await other.text()]).toEqual([404, 'see /metrics\n'])
  })

  it('keeps no more of a request than its head may have', async () => {
    const { port } = await served()
    const answer = await raw(port, `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)
    expect(answer.split('\r\n')[0]).toBe('HTTP/1.1 431 Request Header Fields Too Large')
  })

  it('says why it cannot be served', async () => {
    const server = new MetricsServer({ host: '127.0.0.1', port: 0 }, () =>
      Promise.reject(new Error('not now')),
    )
    onTestFinished(() => server.close())
    const { port } = await server.open()
    const response = await fetch(`http://127.0.0.1:${port}/metrics`)
    expect([response.status, await response.text()]).toEqual([503, 'not now\n'])
  })

  it('cannot be where somebody else is, and the broker says so', async () => {
    const { port } = await served()
    const { broker } = metered({ listen: `127.0.0.1:${port}` })
    await expect(broker.start()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `Metrics: option "listen": cannot listen on 127.0.0.1:${port}: somebody else listens there already: choose another port`,
    })
  })

  it('is there no more when the broker is closed', async () => {
    const { broker, metrics } = metered({ listen: '127.0.0.1:0' })
    await broker.start()
    const port = metrics.address?.port
    await broker.close()
    expect(metrics.address).toBeUndefined()
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow()
  })
})

describe('where it listens', () => {
  it.each([
    ['9464', '127.0.0.1', 9464],
    ['0.0.0.0:9464', '0.0.0.0', 9464],
    ['[::1]:1', '::1', 1],
    ['metrics.local:80', 'metrics.local', 80],
  ])('is %s', (text, host, port) => {
    expect(placeOf(text)).toEqual({ host, port })
  })

  it.each(['', 'x', ':1', '1:2:3', '::1:80', 'a/b:80', '99999', 'host:'])('is not %j', (text) => {
    expect(() => placeOf(text)).toThrow(
      `Metrics: option "listen" must be [host:]port, such as 9464 or 0.0.0.0:9464, not ${JSON.stringify(text)}`,
    )
  })

  it('is refused when it is made', () => {
    expect(() => new Metrics({ listen: 'nowhere' })).toThrow(
      'Metrics: option "listen" must be [host:]port, such as 9464 or 0.0.0.0:9464, not "nowhere"',
    )
  })
})
