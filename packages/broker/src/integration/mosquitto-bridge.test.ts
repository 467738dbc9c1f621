import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker, memoryClient } from '../../../../test/rig/broker.ts'
import { needs, programPath } from '../../../../test/support/needs.ts'
import type { Spawned } from '../../../../test/support/spawned.ts'
import { spawned } from '../../../../test/support/spawned.ts'
import type { Broker } from '../index.ts'

beforeEach((context) => needs(context, 'mosquitto', 'mosquitto_sub', 'mosquitto_pub'))

/** A Mosquitto on a Unix socket, and the bridge that it keeps to our broker. */
class Mosquitto {
  readonly #socket: string
  readonly program: Spawned

  constructor(broker: Broker, ...bridge: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    this.#socket = join(folder, 'mosquitto.sock')
    const { port } = broker.addresses[0]
    const config = [
      'user root',
      'log_dest stderr',
      `listener 0 ${this.#socket}`,
      'allow_anonymous true',
      'connection bridge',
      `address 127.0.0.1:${port}`,
      'remote_clientid bridge',
      ...bridge,
    ]
    const file = join(folder, 'mosquitto.conf')
    writeFileSync(file, `${config.join('\n')}\n`)
    this.program = spawned(programPath('mosquitto') as string, ['-c', file, '-v'])
  }

  /** Runs a mosquitto_pub to its end. */
  async publish(...args: string[]): Promise<void> {
    const program = spawned('mosquitto_pub', ['--unix', this.#socket, ...args])
    expect([await program.exited, program.stderr]).toEqual([0, ''])
  }

  /** A mosquitto_sub that is subscribed, and prints `topic|payload|retain flag`. */
  async subscribe(id: string, ...args: string[]): Promise<Spawned> {
    const program = spawned('mosquitto_sub', ['--unix', this.#socket, '-i', id, '-F', '%t|%p|%r', ...args])
    await this.program.prints(new RegExp(`Sending SUBACK to ${id}`))
    return program
  }
}

describe.each([
  ['as it is by default', []],
  ['of 3.1', ['bridge_protocol_version mqttv31']],
])('a bridge of Mosquitto, %s', (_name, version) => {
  test('carries messages both ways, and none comes back', async () => {
    const broker = await listeningBroker()
    const subscribed = once(broker, 'subscribed')
    const mosquitto = new Mosquitto(broker, 'topic both/# both', ...version)
    await Promise.race([subscribed, mosquitto.program.exited])
    const here = memoryClient(broker, { patience: 10_000 })
    await here.connect()
    await here.subscribe('both/#')
    const there = await mosquitto.subscribe('there', '-t', 'both/#')

    await here.publish('both/here', 'one')
    await there.prints(/both\/here\|one/)
    // Had the first come back, it would have come before this.
    await mosquitto.publish('-t', 'both/there', '-m', 'two')
    while ((await here.message()).topic !== 'both/there');
    await here.publish('both/here', 'three', { retain: true })
    await there.prints(/both\/here\|three/)
    await mosquitto.publish('-t', 'both/there', '-m', 'four')
    while ((await here.message()).payload !== 'four');

    const came = here.received.flatMap((packet) => (packet.cmd === 'publish' ? [String(packet.payload)] : []))
    expect(came).toEqual(['one', 'two', 'three', 'four'])
    await there.prints(/four/)
    expect(there.lines.map((line) => line.split('|')[1])).toEqual(['one', 'two', 'three', 'four'])
    // What is retained here is retained there.
    const late = await mosquitto.subscribe('late', '-t', 'both/here', '-C', '1')
    await late.exited
    expect(late.lines).toEqual(['both/here|three|1'])
  })

  test('says by a retained message that it is connected, and by its will that it is not', async () => {
    const broker = await listeningBroker()
    const here = memoryClient(broker, { patience: 10_000 })
    await here.connect()
    await here.subscribe('$SYS/broker/connection/#')
    const mosquitto = new Mosquitto(broker, 'topic both/# both', ...version)
    const state = '$SYS/broker/connection/bridge/state'
    expect(await here.message()).toMatchObject({ topic: state, payload: '1' })
    mosquitto.program.child.kill('SIGKILL')
    expect(await here.message()).toMatchObject({ topic: state, payload: '0' })
    const late = memoryClient(broker, { clientId: 'late' })
    await late.connect()
    await late.subscribe(state)
    expect(await late.message()).toMatchObject({ payload: '0', retain: true })
  })
})
