import { Duplex } from 'node:stream'
import * as v8 from 'node:v8'
import { generate } from 'mqtt-packet'
import { expect, it } from 'vitest'
import { defaultStack } from '../../../test/rig/default-stack.ts'

/** A connection that brings these bytes and hangs up. */
class Visit extends Duplex {
  constructor(bytes: Uint8Array) {
    super()
    this.push(bytes)
    this.push(null)
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: unknown, callback: () => void): void {
    callback()
  }
}

function connect(protocol: string, level: number, clientId: string): Buffer {
  const body = [0, protocol.length, ...Buffer.from(protocol), level, 2, 0, 60, 0, clientId.length]
  return Buffer.from([0x10, body.length + clientId.length, ...body, ...Buffer.from(clientId)])
}

const named = (username: string): Buffer =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: 'a',
    username,
    will: { topic: 'gone', payload: Buffer.from('bye'), qos: 2, retain: true },
  })

it('100,000 CONNECTs that are refused, at each of the places that refuse, leave nothing behind', async () => {
  const test = await defaultStack({
    connection: { clientIdBytes: 23 },
    users: {
      name: 'Users',
      async authenticateConnection({ username }, store) {
        if (username === 'bomb') throw new Error('no users')
        store.valid = username === 'alice'
      },
    },
    rules: { name: 'Rules', authorizePacket: () => {} },
  })
  const refused = [
    ...['MQTX', 'MQTT', 'MQIsdp'].map((protocol) => connect(protocol, 9, 'an unknown version')),
    connect('MQIsdp', 3, ''),
    connect('MQTT', 4, 'too long for twenty-three bytes'),
    connect('MQTT', 4, 'nobody'),
    Buffer.from([0xc0, 0]),
    ...['bob', 'bomb', 'alice'].map(named),
  ]
  const { timers } = test.clock
  // Each connection that the stack makes is one of these.
  const { constructor: Connection } = Object.getPrototypeOf(test.stack.connect(new Visit(refused[0])))
  await test.settle()
  let closed = 0
  for (let i = 0; i < 100_000; i++) {
    const visit = new Visit(refused[i % refused.length])
    visit.on('close', () => closed++)
    test.stack.connect(visit)
    if (i % 200 === 199) {
      await test.settle()
      test.logger.lines.length = 0
    }
  }
  expect(closed).toBe(100_000)
  expect(test.stack.clients.size).toBe(0)
  // The log tells how many lines it has left out.
  await test.advance(60_000)
  expect(test.clock.timers).toBe(timers)
  expect(test.events).toEqual([])
  expect(v8.queryObjects(Connection, { format: 'count' })).toBeLessThan(10)
}, 60_000)
