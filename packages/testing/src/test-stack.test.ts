import type { Client } from '@mqtt-stack/core'
import { MqttClient } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { acceptAll } from './accept-all.ts'
import { testStack } from './test-stack.ts'

describe('testStack', () => {
  it('starts a strict stack on a virtual clock, with a quiet logger', async () => {
    const { stack, clock, logger } = await testStack()
    expect(stack.config.strict).toBe(true)
    expect(stack.clock).toBe(clock)
    expect(stack.config.logger).toBe(logger)
  })

  it('takes middlewares as arguments, or in `use`', async () => {
    const packets: string[] = []
    const note = {
      name: 'Note',
      handle: (_client: Client, packet: { cmd: string }) => void packets.push(packet.cmd),
    }
    const { client } = await testStack(note, acceptAll())
    await (await client()).disconnect()
    const other = await testStack({ use: [note, acceptAll()], options: { strict: false } })
    await (await other.client()).drop()
    expect(other.stack.config.strict).toBe(false)
    expect(packets).toEqual(['connect', 'disconnect', 'connect'])
  })

  it('types plain objects with nothing annotated', async () => {
    const seen: string[] = []
    const { client } = await testStack(
      {
        name: 'Plain',
        handle(from, packet) {
          seen.push(`${packet.cmd} of ${from.id}`)
        },
      },
      acceptAll(),
    )
    const alice = await client({ clientId: 'alice' })
    await alice.publish('a')
    expect(seen).toEqual(['connect of ', 'publish of alice'])
  })

  it('rejects with what is wrong with the stack', async () => {
    await expect(testStack({ name: 'Lonely', handle() {}, requires: ['openSession'] })).rejects.toMatchObject(
      {
        code: 'CALLBACK_UNANSWERED',
      },
    )
  })

  it('client() gives a client that was accepted, each with a name of its own', async () => {
    const { client, stack } = await testStack(acceptAll())
    const [alice, bob] = [await client(), await client({ protocolVersion: 5 })]
    expect([alice.clientId, bob.clientId]).toEqual(['client-1', 'client-2'])
    expect([...stack.clients].map(({ id, protocolVersion }) => [id, protocolVersion])).toEqual([
      ['client-1', 4],
      ['client-2', 5],
    ])
  })

  it('client() fails when the CONNECT is refused', async () => {
    const { client } = await testStack({
      name: 'Refuse',
      handle(from) {
        from.close(0x87)
      },
    })
    await expect(client()).rejects.toThrow('client-1 was refused with 5')
  })

  it('client() fails when nobody answers the CONNECT', async () => {
    const { client } = await testStack()
    await expect(client()).rejects.toThrow('waited for connack, but nothing more comes')
  })

  it('open() gives a connection on which nothing was sent', async () => {
    const { open, stack } = await testStack(acceptAll())
    const client = open({ listener: { transport: 'tcp', local: false, remote: '192.0.2.1' } })
    expect(client.received).toEqual([])
    expect([...stack.clients][0].listener.remote).toBe('192.0.2.1')
    expect((await client.connect({ clientId: 'late' })).returnCode).toBe(0)
  })

  it('clients can be told how to behave, all at once', async () => {
    const { client } = await testStack({
      use: [acceptAll()],
      clients: { protocolVersion: 3, autoAck: false },
    })
    const alice = await client()
    expect([alice.protocolVersion, alice.autoAck]).toEqual([3, false])
  })

  it('advance() lets a time-out happen in no real time', async () => {
    const { client, advance } = await testStack(
      {
        name: 'Impatient',
        install(from) {
          this.stack?.clock.after(90_000, () => from.close())
        },
      },
      acceptAll(),
    )
    const alice = await client()
    await advance(89_999)
    expect(alice.stream.destroyed).toBe(false)
    await advance(1)
    expect(await alice.closed).toBeUndefined()
  })

  it('stop() closes every connection', async () => {
    const { client, stop, stack } = await testStack(acceptAll())
    const alice = await client()
    await stop()
    await alice.closed
    expect(stack.clients.size).toBe(0)
  })

  it('serves a device: MQTT.js on an end of a connection', async () => {
    const { connection, settle } = await testStack(
      {
        name: 'Echo',
        handles: ['publish', 'subscribe'],
        handle(client, packet) {
          if (packet.cmd === 'publish') client.publish(packet, 0, false, false, 0)
          if (packet.cmd === 'subscribe')
            client.write({ cmd: 'suback', packetId: packet.packetId, granted: [0] })
        },
      },
      acceptAll(),
    )
    const device = new MqttClient(() => connection().stream, { keepalive: 0, reconnectPeriod: 0 })
    const messages: string[] = []
    device.on('message', (topic, payload) => messages.push(`${topic} ${payload.toString()}`))
    await device.subscribeAsync('a')
    await device.publishAsync('a', 'hello')
    await settle()
    expect(messages).toEqual(['a hello'])
    await device.endAsync()
  })
})
