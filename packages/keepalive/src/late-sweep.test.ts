/** A sweep that comes late, on a real socket and the real clock: what was sent in time is read before it judges. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { Stack } from '@mqtt-stack/core'
import { acceptAll, RecordingLogger, TestClient } from '@mqtt-stack/testing'
import { expect, it, onTestFinished } from 'vitest'
import { KeepAlive } from './index.ts'

/** Phases of the event loop: a sweep may have been called already when it is held. */
const PHASES: [string, () => Promise<void>][] = [
  ['a timer', () => new Promise((resolve) => setTimeout(resolve, 0))],
  ['what is immediate', () => new Promise((resolve) => setImmediate(resolve))],
  ['what was read', async () => {}],
]

it.each(PHASES)('spares a client whose PINGREQ waited while %s held the event loop', async (_what, phase) => {
  const stack = new Stack({ logger: new RecordingLogger() }).use(new KeepAlive({ sweep: 10 }), acceptAll())
  await stack.start()
  const server = createServer(stack.handler({ transport: 'tcp', local: true })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  onTestFinished(async () => {
    socket.destroy()
    server.close()
    await stack.stop()
  })
  const client = new TestClient(socket, { patience: 10_000 })
  await client.connect({ keepalive: 1 })
  await phase()
  // The ping is on its way when everybody stands still for longer than the client may be silent.
  const answered = client.ping()
  const until = performance.now() + 1_700
  while (performance.now() < until);
  await answered
  expect(stack.clients.size).toBe(1)
})
