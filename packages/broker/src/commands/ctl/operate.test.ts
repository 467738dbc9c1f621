/** `mqtt-stack ctl` changes a broker that runs as its users start it: with `--admin`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { clientOf, mqttStack, STORED } from '../../../../../test/rig/command.ts'
import type { Spawned } from '../../../../../test/support/spawned.ts'
import { COMMANDS } from '../index.ts'

interface Running {
  readonly broker: Spawned
  /** What `mqtt-stack` prints, by a command and what stands behind it. */
  say(...args: readonly string[]): Promise<string>
}

async function running(...flags: readonly string[]): Promise<Running> {
  const broker = mqttStack('--admin', '0', ...flags)
  const [, url, token] = await broker.prints(/admin: (http:\S+)\/#token=(\S+)/)
  const env = { MQTT_STACK_ADMIN: url, MQTT_STACK_TOKEN: token }
  return {
    broker,
    async say(command, ...args) {
      const out: string[] = []
      const stdout = { write: (text: string | Uint8Array) => out.push(String(text)) }
      await COMMANDS[command].run(args, { stdin: Readable.from([]), stdout, stderr: stdout, env })
      return out.join('')
    },
  }
}

// What a command loads is loaded once.
beforeAll(() => COMMANDS.ctl.lines())

describe('ctl', () => {
  it('keeps a client out for a while, tells who is, and lets it in again', async () => {
    const { broker, say } = await running()
    const lamp = await clientOf(broker, { clientId: 'lamp' })
    const closed = new Promise<void>((resolve) => void lamp.once('close', resolve))
    expect(await say('ctl', 'ban', 'lamp', '--seconds', '60')).toBe('lamp is kept out for 60 s\n')
    await closed
    await expect(clientOf(broker, { clientId: 'lamp' })).rejects.toThrow('Connection refused')
    const [, row] = (await say('ctl', 'bans')).split('\n')
    expect(row).toMatch(/^1 +lamp +\S+T\S+Z +banned by an operator$/)
    expect(await say('ctl', 'unban', '1')).toBe('ban 1 is taken away\n')
    await clientOf(broker, { clientId: 'lamp' })
    await expect(say('ctl', 'unban', '1')).rejects.toThrow('mqtt-stack ctl unban: there is no ban "1"')
  })

  it('looks at a session that is away, takes its messages and those that are retained, and ends it', async () => {
    const { broker, say } = await running()
    const lamp = await clientOf(broker, { clientId: 'lamp', ...STORED })
    await lamp.subscribeAsync('a/#', { qos: 1 })
    await lamp.endAsync()
    for (const topic of ['a/1', 'a/2', 'b/1'])
      await say('ctl', 'publish', topic, 'x', '--qos', '1', '--retain')
    expect(await say('ctl', 'session', 'lamp')).toMatch(/^connected +false$/m)
    expect(await say('ctl', 'queue', 'lamp')).toMatch(/^a\/1 +1 .*\na\/2 /m)
    expect(await say('ctl', 'purge', '--client', 'lamp', '--filter', 'a/1')).toBe(
      'taken away: 1 waiting, 0 retained, 0 wills\n',
    )
    expect(await say('ctl', 'purge', '--filter', 'a/#', '--only', 'retained')).toBe(
      'taken away: 0 waiting, 2 retained, 0 wills\n',
    )
    expect(await say('ctl', 'retained', '#')).toMatch(/^topic.*\nb\/1 [^\n]*\n$/)
    await expect(say('ctl', 'purge')).rejects.toThrow(
      'mqtt-stack ctl purge: body: one of "clientId", "filter" and "author" must be given',
    )
    expect(await say('ctl', 'end', 'lamp')).toBe('the session of lamp is over\n')
    await expect(say('ctl', 'session', 'lamp')).rejects.toThrow(
      'mqtt-stack ctl session: there is no session of "lamp" here',
    )
  })

  it('sets how much is logged, and has the configuration read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-ctl-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'broker.yaml')
    const write = (level: string): void =>
      writeFileSync(
        file,
        `listeners:\n  - { listen: "mqtt://127.0.0.1:0" }\nauth: { anonymous: local }\nlog: { level: ${level} }\n`,
      )
    write('warn')
    const { broker, say } = await running('--config', file)
    expect(await say('ctl', 'log-level', 'debug')).toBe('the log is at debug\n')
    await say('ctl', 'publish', 'a', 'x')
    await broker.prints(/admin/)
    await expect(say('ctl', 'log-level', 'loud')).rejects.toThrow(
      'mqtt-stack ctl log-level: body: "level" must be one of error, warn, info, debug',
    )
    expect(await say('ctl', 'reload')).toBe('in force: nothing new\n')
    write('info')
    expect(await say('ctl', 'reload')).toBe('in force: log.level\n')
  })

  it('follows a topic, and an address', async () => {
    const { broker, say } = await running()
    const lamp = await clientOf(broker, { clientId: 'lamp' })
    const followed = async (...terms: readonly string[]): Promise<string> => {
      let isOver = false
      const following = say('trace', ...terms, '--events', '1').finally(() => {
        isOver = true
      })
      while (!isOver) for (const topic of ['a/b', 'c']) await lamp.publishAsync(topic, 'x', { qos: 1 })
      return following
    }
    expect(await followed('--topic', 'a/+')).toMatch(/^\S+ lamp .*a\/b.*\nover: events\n$/)
    expect(await followed('--address', '127.0.0.1')).toMatch(/^\S+ lamp .*\nover: events\n$/)
  })
})
