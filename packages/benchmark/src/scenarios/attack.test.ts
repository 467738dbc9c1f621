import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Attacker } from '../load/attacker.ts'
import type { Target } from '../load/wire.ts'
import { PacketType, PINGREQ } from '../mqtt/encode.ts'
import { chooseScenarios, scenarios } from './index.ts'

/** A broker that answers the first bytes of each connection with a CONNACK, and does then what it is told. */
async function fakeBroker(serve: (socket: Socket) => void): Promise<Target> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => {
      socket.write(Buffer.of(0x20, 2, 0, 0))
      serve(socket)
    })
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, transport: 'tcp', version: 4 }
}

describe('the attacks', () => {
  it('are chosen by their group, and no peer has to bear them', () => {
    const chosen = chooseScenarios(['attack'])
    expect(chosen.length).toBeGreaterThan(10)
    expect(chosen.every(({ name, needs }) => name.startsWith('attack-') && needs.includes('attack'))).toBe(
      true,
    )
    expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length)
  })

  it('have a goal for each wait, and measure memory', () => {
    for (const { metrics } of chooseScenarios(['attack'])) {
      const waits = metrics.filter(({ key }) => key !== 'memory')
      expect(waits.length).toBeGreaterThan(0)
      expect(waits.every(({ most }) => most === 50)).toBe(true)
      expect(metrics.some(({ key }) => key === 'memory')).toBe(true)
    }
  })
})

describe('an attacker', () => {
  it('takes frames that come in pieces', async () => {
    const target = await fakeBroker((socket) => {
      const frame = Buffer.concat([Buffer.of(0x30, 0xe8, 0x07, 0, 1, 0x78), Buffer.alloc(997)])
      // What follows the CONNACK waits for a ping, or it would come before somebody waits for it.
      socket.once('data', () => {
        socket.write(frame.subarray(0, 500))
        setImmediate(() => socket.write(Buffer.concat([frame.subarray(500), Buffer.of(0x90, 3, 0, 1, 0)])))
      })
    })
    const attacker = new Attacker(target, 'a')
    expect(await attacker.connect()).toBe(true)
    const answered = attacker.next(PacketType.SUBACK)
    attacker.send(PINGREQ)
    expect(await answered).toBe(true)
    expect(attacker.counts[PacketType.PUBLISH]).toBe(1)
    await attacker.break()
  })

  it('takes it as an answer when the broker closes', async () => {
    const target = await fakeBroker((socket) => socket.end())
    const attacker = new Attacker(target, 'a')
    await attacker.connect()
    expect(await attacker.next(PacketType.SUBACK)).toBe(false)
    expect(attacker.isOpen).toBe(false)
  })
})
