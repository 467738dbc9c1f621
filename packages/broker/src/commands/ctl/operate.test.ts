/** `mqtt-stack ctl` changes a broker that runs as its users start it: with `--admin`. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  /** The same, with what stdin holds. */
  give(stdin: string, ...args: readonly string[]): Promise<string>
}

async function running(...flags: readonly string[]): Promise<Running> {
  const broker = mqttStack('--admin', '0', ...flags)
  const [, url, token] = await broker.prints(/admin: (http:\S+)\/#token=(\S+)/)
  const env = { MQTT_STACK_ADMIN: url, MQTT_STACK_TOKEN: token }
  const give: Running['give'] = async (given, command, ...args) => {
    const out: string[] = []
    const stdout = { write: (text: string | Uint8Array) => out.push(String(text)) }
    const stdin = Readable.from([Buffer.from(given)])
    await COMMANDS[command].run(args, { stdin, stdout, stderr: stdout, env })
    return out.join('')
  }
  return { broker, give, say: (...args) => give('', ...args) }
}

interface WithFiles extends Running {
  /** What a file holds. */
  text(name: 'users' | 'rules.txt'): string
}

/** One with a file of users and one of rules. */
async function withFiles(): Promise<WithFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-ctl-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  file('users', '# ours\n')
  file('rules.txt', '# All of it.\nallow publish,subscribe #\n')
  const config = file(
    'broker.yaml',
    [
      'listeners: [{ listen: "mqtt://127.0.0.1:0" }]',
      'auth: { anonymous: local, password: { file: users } }',
      'acl: { file: rules.txt, rules: [{ deny: [publish], topic: own }] }',
      '',
    ].join('\n'),
  )
  const started = await running('--config', config)
  return { ...started, text: (name) => readFileSync(join(folder, name), 'utf8') }
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
    expect(row).toMatch(/^[0-9a-f]+ +lamp +\S+T\S+Z +banned by an operator$/)
    const [id = ''] = row.split(' ')
    expect(await say('ctl', 'unban', id)).toBe(`ban ${id} is taken away\n`)
    await clientOf(broker, { clientId: 'lamp' })
    await expect(say('ctl', 'unban', id)).rejects.toThrow(`mqtt-stack ctl unban: there is no ban "${id}"`)
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

  it('adds users, changes and removes them, and takes no password from the command line', async () => {
    const { broker, say, give, text } = await withFiles()
    const login = (password: string) => clientOf(broker, { username: 'joe', password })
    expect(await give('first-one\n', 'ctl', 'add-user', 'joe', '--groups', 'night,staff')).toBe(
      'joe was added\n',
    )
    const joe = await login('first-one')
    const closed = new Promise<void>((resolve) => void joe.once('close', resolve))
    expect(await say('ctl', 'users')).toBe('name  groups       provider\njoe   night,staff  PasswordAuth\n')
    expect(await give('second-one\n', 'ctl', 'change-user', 'joe', '--password')).toBe('joe was changed\n')
    await closed
    await expect(login('first-one')).rejects.toThrow('Connection refused')
    await login('second-one')
    expect(await say('ctl', 'change-user', 'joe', '--groups', '')).toBe('joe was changed\n')
    expect(text('users')).toMatch(/^# ours\njoe:[^:\n]+\n$/)
    await login('second-one')
    for (const [args, message] of [
      [['add-user', 'joe'], 'add-user: "joe" is there already: mqtt-stack ctl change-user changes it'],
      [['add-user', 'ann'], 'add-user: a password is needed, and it is empty: nothing was changed'],
      [['add-user', 'ann', 'hush'], 'add-user: unknown argument "hush": see mqtt-stack ctl add-user --help'],
      [['change-user', 'joe'], 'change-user: say what is to change: --password or --groups'],
      [['change-user', 'jo', '--groups', 'a'], 'change-user: there is no user "jo"'],
      [['remove-user', 'jo'], 'remove-user: there is no user "jo"'],
    ] as const)
      await expect(say('ctl', ...args)).rejects.toThrow(`mqtt-stack ctl ${message}`)
    expect(await say('ctl', 'remove-user', 'joe')).toBe('joe was removed\n')
    expect(text('users')).toBe('# ours\n')
  })

  it('adds access rules, changes, moves and removes them; and none where others were before', async () => {
    const { broker, say, text } = await withFiles()
    const pump = await clientOf(broker, { protocolVersion: 5 })
    const publish = () => pump.publishAsync('secret', 'x', { qos: 1 })
    await publish()
    const listed = await say('ctl', 'rules')
    expect(listed).toMatch(
      /^place +text +writable +source\n {4}1 +deny publish own +false +broker.yaml:3\n {4}2 +allow publish,subscribe # +true +\S*rules.txt:2\nversion \S+\n$/,
    )
    const [, version = ''] = /version (\S+)/.exec(listed) ?? []
    expect(await say('ctl', 'add-rule', 'deny publish secret', '--at', '2')).toBe(
      'rule 2 is: deny publish secret\n',
    )
    await expect(publish()).rejects.toThrow()
    expect(await say('ctl', 'move-rule', '2', '3')).toBe('rule 3 is: deny publish secret\n')
    await publish()
    expect(await say('ctl', 'change-rule', '3', 'deny publish hidden')).toBe(
      'was: deny publish secret\nis:  deny publish hidden\n',
    )
    const before = text('rules.txt')
    expect(before).toBe('# All of it.\nallow publish,subscribe #\ndeny publish hidden\n')
    for (const [args, message] of [
      [
        ['remove-rule', '3', '--version', version],
        'remove-rule: the rules have changed since: look at them again',
      ],
      [['remove-rule', '9'], 'remove-rule: there is no place 9: places are 1 to 3'],
      [['move-rule', '3', 'up'], 'move-rule: body: "to" must be a whole number from 1 to 1000000, not up'],
      [
        ['remove-rule', '1'],
        'remove-rule: rule 1 is of the option "rules", not of the file: change it there',
      ],
      [['rules', '--provider', 'Other'], 'rules: no middleware "Other" says that it has rules'],
    ] as const)
      await expect(say('ctl', ...args)).rejects.toThrow(`mqtt-stack ctl ${message}`)
    await expect(say('ctl', 'add-rule', 'allow fly #')).rejects.toThrow('unknown action "fly"')
    expect(text('rules.txt')).toBe(before)
    expect(await say('ctl', 'remove-rule', '3')).toBe('removed: deny publish hidden\n')
    expect(text('rules.txt')).toBe('# All of it.\nallow publish,subscribe #\n')
  })

  it('says what is missing where nobody has users or rules', async () => {
    const { say } = await running()
    await expect(say('ctl', 'rules')).rejects.toThrow(
      'mqtt-stack ctl rules: nobody has access rules there: acl: { file: rules.txt }',
    )
    await expect(say('ctl', 'add-user', 'joe')).rejects.toThrow(
      'mqtt-stack ctl add-user: nobody there can write users: auth: { password: { file: users } }',
    )
  })
})
