/** What `mqtt-stack sub` does with an output that is slow, or gone. */
import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import type { IPublishPacket, MqttClient } from 'mqtt'
import { expect, test } from 'vitest'
import { Printer } from './printer.ts'

/** An output that is full behind each line, and a client of no broker. */
function setUp() {
  const lines: string[] = []
  const stdout = Object.assign(new EventEmitter(), {
    write: (line: string | Uint8Array) => lines.push(String(line)) === 0,
  })
  const errors: string[] = []
  const io = {
    stdin: Readable.from([]),
    stdout,
    stderr: { write: (text: string) => errors.push(text) },
    env: {},
  }
  const fake = Object.assign(new EventEmitter(), {
    end: (done: () => void) => done(),
    stream: { destroy: () => {} },
    handleMessage: (_packet: IPublishPacket, _done: () => void): void => {},
  })
  const options = { verbose: false, 'no-retained': false, 'no-newline': false }
  const printer = new Printer('mqtt-stack sub', options, io)
  const client = fake as unknown as MqttClient
  printer.read(client)
  const read: string[] = []
  const come = (payload: string): void => {
    const packet = { topic: 'a', payload: Buffer.from(payload), retain: false } as IPublishPacket
    fake.emit('message', 'a', packet.payload, packet)
    fake.handleMessage(packet, () => read.push(payload))
  }
  return { lines, stdout, errors, come, read, fake, code: printer.end(client) }
}

test('a message is acknowledged when what was printed before has been read', () => {
  const { lines, stdout, come, read } = setUp()
  come('1')
  expect([lines, read]).toEqual([['1\n'], []])
  stdout.emit('drain')
  expect(read).toEqual(['1'])
})

test('it ends where nobody reads any more', async () => {
  const { stdout, errors, code } = setUp()
  stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  expect([await code, errors]).toEqual([0, []])
})

test('it says so where nothing can be written', async () => {
  const { stdout, errors, code } = setUp()
  stdout.emit('error', Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }))
  const message = 'mqtt-stack sub: cannot write: ENOSPC: no space left on device, write\n'
  expect([await code, errors]).toEqual([1, [message]])
})
