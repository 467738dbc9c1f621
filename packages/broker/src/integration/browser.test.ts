/** Pages in a real browser: MQTT.js in Chromium, from origins that may connect and from one that may not. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RecordingLogger } from '@mqtt-stack/testing'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import { MQTT_JS, openBrowser, tryFromPage } from '../../../../test/support/browser.ts'
import { needs } from '../../../../test/support/needs.ts'
import type { Broker } from '../index.ts'

beforeEach((context) => needs(context, 'chromium'))

/** A site whose pages hold MQTT.js, under any name. */
async function site(): Promise<number> {
  const server = createServer(({ url }, response) => {
    if (url === '/mqtt.js') response.setHeader('content-type', 'text/javascript').end(MQTT_JS)
    else response.setHeader('content-type', 'text/html').end('<script src="/mqtt.js"></script>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

function refusals({ stack }: Broker): unknown[] {
  const { lines } = stack.config.logger as RecordingLogger
  return lines.filter(({ message }) => message === 'client refused').map(({ cause }) => cause)
}

test('a page of the same host and one that is listed connect, one of another site gets 403', async () => {
  const port = await site()
  const cookies: unknown[] = []
  const broker = await listeningBroker({
    listeners: [{ transport: 'ws', port: 0, origins: [`http://app.example:${port}`] }],
    use: [
      {
        name: 'Cookies',
        authenticateConnection({ client: { listener } }) {
          cookies.push([listener.origin, listener.request?.cookies.get('session')])
        },
      },
    ],
    allowAnonymous: true,
    authorize: false,
  })
  // All names are this machine's.
  const browser = await openBrowser('--host-resolver-rules=MAP *.example 127.0.0.1')
  const url = `ws://broker.example:${broker.addresses[0].port}`
  const from = (host: string): Promise<unknown> =>
    tryFromPage(browser, { origin: `http://${host}:${port}`, url, topic: 'room/1' })
  expect(await from('broker.example')).toBe('room/1 21.5')
  expect(await from('app.example')).toBe('room/1 21.5')
  expect(refusals(broker)).toEqual([])
  expect(await from('evil.example')).toBe('refused')
  expect(refusals(broker)).toEqual([
    expect.objectContaining({
      origin: `http://evil.example:${port}`,
      reasonCode: 0x87,
      cause: 'pages of this origin may not connect (option "origins")',
    }),
  ])
  // A cookie of the host goes with the page’s request, whatever the port.
  expect(cookies).toEqual([
    [`http://broker.example:${port}`, 'abc d'],
    [`http://app.example:${port}`, undefined],
  ])
}, 60_000)
