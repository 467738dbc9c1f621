/** `mqtt-stack ctl` against a broker that runs. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { Metrics } from '@mqtt-stack/metrics'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Opened } from '../../../../../test/rig/admin.ts'
import { OPERATOR, openAdmin, READER } from '../../../../../test/rig/admin.ts'
import { COMMANDS } from '../index.ts'
import { widthOf } from './display-width.ts'

interface Said {
  code: number
  out: string
  err: string
}

async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  terminal: { isTTY?: boolean; columns?: number } = {},
): Promise<Said> {
  const [out, err]: string[][] = [[], []]
  const io = {
    stdin: Readable.from([]),
    stdout: { ...terminal, write: (text: string | Uint8Array) => out.push(String(text)) },
    stderr: { write: (text: string) => err.push(text) },
    env,
  }
  const code = await COMMANDS[command].run(args, io)
  return { code, out: out.join(''), err: err.join('') }
}

interface Ready extends Opened {
  ctl(...args: string[]): Promise<Said>
  env: Record<string, string>
}

async function ready(): Promise<Ready> {
  const opened = await openAdmin({}, { use: [new Metrics()] })
  const env = { MQTT_STACK_ADMIN: opened.url, MQTT_STACK_TOKEN: OPERATOR }
  return { ...opened, env, ctl: (...args) => run('ctl', args, env) }
}

/** A middleware that has users and rules. */
function keeper(name: string): MiddlewareLike {
  return {
    name,
    lookupRules: (_ctx, store) => void store.push({ provider: name, version: '1', count: 0, rules: [] }),
    lookupUsers: (_ctx, store) => void store.push({ name: 'joe', groups: [], provider: name }),
    storeUser() {},
  }
}

describe('ctl', () => {
  it('asks whose rules and users are meant where several have some', async () => {
    const { url } = await openAdmin({}, { use: [keeper('One'), keeper('Two')] })
    const env = { MQTT_STACK_ADMIN: url, MQTT_STACK_TOKEN: OPERATOR }
    for (const [args, message] of [
      [['rules'], 'rules: say by --provider whose rules are meant: One, Two'],
      [['add-rule', 'x'], 'add-rule: say by --provider whose rules are meant: One, Two'],
      [['add-user', 'ann'], 'add-user: say by --provider which is meant: One, Two'],
      [['remove-user', 'joe'], 'remove-user: say by --provider which is meant: One, Two'],
    ] as const)
      await expect(run('ctl', args, env)).rejects.toThrow(`mqtt-stack ctl ${message}`)
    const { out } = await run('ctl', ['rules', '--provider', 'One'], env)
    expect(out).toBe('place  text  writable  source\nversion 1\n')
  })

  it('lists clients in columns, looks at one, and kicks it', async () => {
    const { ctl, client } = await ready()
    const lamp = await client({ clientId: 'lamp' })
    const { out } = await ctl('clients', '--search', 'lam')
    const [head, row] = out.split('\n')
    expect(head).toMatch(
      /^clientId {2}identity {2}address {2}listener {2}connectedAt +packetsIn {2}packetsOut {2}pending$/,
    )
    expect(row).toMatch(/^lamp +house +2/)
    expect((await ctl('client', 'lamp')).out).toMatch(/^clientId +lamp$/m)
    expect((await ctl('kick', 'lamp')).out).toBe('lamp was kicked\n')
    await lamp.closed
  })

  it('lists sessions, subscriptions and queues, and ends a session', async () => {
    const { ctl, client } = await ready()
    const lamp = await client({ clientId: 'lamp', protocolVersion: 5 })
    await lamp.subscribe('a/+', { qos: 1 })
    expect((await ctl('subscriptions', '--topic', 'a/b')).out).toBe(
      'clientId  topic  qos\nlamp      a/+      1\n',
    )
    expect((await ctl('sessions')).out).toMatch(/^lamp .*true .*1 /m)
    expect((await ctl('queue', 'lamp')).out).toBe('topic  qos  bytes  publisher\n')
    expect((await ctl('end', 'lamp')).out).toBe('the session of lamp is over\n')
  })

  it('publishes, lists what is retained, and clears it', async () => {
    const { ctl } = await ready()
    expect((await ctl('publish', 'a/b', 'hello', '--retain')).out).toBe('published to a/b\n')
    expect((await ctl('retained', '#')).out).toMatch(/^a\/b +0 +5 +hello$/m)
    expect((await ctl('clear', 'a/b')).out).toBe('a/b is cleared\n')
    expect((await ctl('retained', '#')).out).toBe('topic  qos  bytes  publisher  payload\n')
  })

  it('lets nothing that clients chose move a cursor or end a line', async () => {
    const { ctl } = await ready()
    await ctl('publish', 'a', '\u001b[2Jx\ny', '--retain')
    expect((await ctl('retained', '#')).out).toMatch(/^a +0 +7 +\\u001b\[2Jx\\u000ay$/m)
  })

  it('cuts what is too wide for a terminal, and nothing elsewhere or in JSON', async () => {
    const { ctl, env } = await ready()
    const topic = `house/${'kitchen/'.repeat(20)}lamp`
    await ctl('publish', topic, '温度計', '--retain')
    const terminal = { isTTY: true, columns: 60 }
    const [, row] = (await run('ctl', ['retained', '#'], env, terminal)).out.split('\n')
    expect(row).toMatch(/^house\/kitchen\/.*… {4}0 {6}9 +温度計$/)
    expect(widthOf(row)).toBeLessThanOrEqual(60)
    expect((await ctl('retained', '#')).out).toContain(topic)
    expect((await run('ctl', ['retained', '#', '--json'], env, terminal)).out).toContain(topic)
  })

  it('prints what the broker answers with --json', async () => {
    const { ctl, client } = await ready()
    await client({ clientId: 'lamp' })
    expect(JSON.parse((await ctl('clients', '--json')).out).items[0].clientId).toBe('lamp')
    expect(JSON.parse((await ctl('why', '--topic', 'a', '--to', 'x', '--json')).out)[0].cause).toBe(
      'no-session',
    )
  })

  it('says why, explains, and tells by its exit code', async () => {
    const { ctl, client, env } = await ready()
    const lamp = await client({ clientId: 'lamp' })
    await lamp.subscribe('a')
    expect(await run('why', ['--topic', 'a', '--to', 'lamp'], env)).toEqual({
      code: 0,
      out: 'nothing is in the way, and nothing was lately\n',
      err: '',
    })
    const { code, out } = await ctl('why', '--topic', 'b', '--to', 'lamp')
    expect([code, out]).toEqual([
      2,
      'wrong-filter: none of the 1 filters of lamp matches b; "a" comes closest, but its level 1 is "a", not "b"\n',
    ])
    const denied = await ctl('explain', '--client', 'lamp', '--publish', '$SYS/x')
    expect(denied.code).toBe(2)
    expect(denied.out).toMatch(/^no: .*\n {2}Stack: no: only the broker publishes there/)
  })

  it('follows a client until it has seen enough', async () => {
    const { client, env } = await ready()
    const lamp = await client({ clientId: 'lamp' })
    const following = run('trace', ['--client', 'lamp', '--events', '1'], env)
    let isOver = false
    const over = following.finally(() => {
      isOver = true
    })
    while (!isOver) await lamp.publish('a', 'x', { qos: 1 })
    const { out, err } = await over
    expect(out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} lamp . .*\n$/)
    expect(err).toBe('over: events\n')
  })

  it('tells of health, nodes, the stack and the largest', async () => {
    const { ctl } = await ready()
    expect(await ctl('health')).toEqual({ code: 0, out: 'well\n', err: '' })
    expect((await ctl('nodes')).out).toBe('this broker is alone\n')
    expect((await ctl('stack')).out).toMatch(/^middleware +callback +calls +ended +errors +waiting$/m)
    expect((await ctl('top', 'topics')).out).toMatch(/^name +value +unit$/m)
  })
})

describe('top', () => {
  it('writes a line a second where there is no terminal, and ends after so many', async () => {
    const { env } = await ready()
    const { out } = await run('top', ['--seconds', '1'], env)
    expect(out).toMatch(
      /^\d\d:\d\d:\d\d {2}0 clients {2}\d+ messages\/s {2}0 dropped\/s {2}0 refused\/s {2}loop [\d.]+ ms {2}\d+ MiB\n/,
    )
  })

  it('redraws a terminal, gives it back, and ends with q', async () => {
    const { env } = await ready()
    const modes: boolean[] = []
    const stdin = Object.assign(new PassThrough(), {
      isTTY: true,
      setRawMode: (on: boolean) => modes.push(on),
    })
    const out: string[] = []
    const write = (text: string | Uint8Array): void => {
      out.push(String(text))
      stdin.write('q')
    }
    const io = { stdin, stdout: { write, isTTY: true }, stderr: { write: () => {} }, env }
    expect(await COMMANDS.top.run([], io)).toBe(0)
    expect(out[0]).toMatch(/0 clients.*Busiest topics.*Longest queues.*Busiest middlewares.*q ends it\n$/s)
    expect(modes).toEqual([true, false])
  })
})

describe('what is wrong is said in one line', () => {
  it.each([
    [['clint'], 'mqtt-stack ctl: unknown command "clint" (did you mean "client"?)'],
    [['kick'], 'mqtt-stack ctl kick: CLIENT is missing: mqtt-stack ctl kick CLIENT'],
    [['kick', 'nobody'], 'mqtt-stack ctl kick: no client "nobody" is connected'],
    [['top', 'cats'], 'mqtt-stack ctl top: path: "list" must be one of topics'],
    [
      ['clients', '--url', 'here'],
      'mqtt-stack ctl clients: not a URL of the API: here (such as http://127.0.0.1:18080)',
    ],
    // No token is shown.
    [
      ['clients', '--url', 'localhost:1/#token=hush'],
      'mqtt-stack ctl clients: not a URL of the API: localhost:1/ (such as http://127.0.0.1:18080)',
    ],
  ])('%o', async (args, message) => {
    const { ctl } = await ready()
    await expect(ctl(...args)).rejects.toThrow(message)
  })

  it('a token that is missing, wrong, or may not', async () => {
    const { url } = await ready()
    const env = { MQTT_STACK_ADMIN: url }
    await expect(run('ctl', ['clients'], env)).rejects.toThrow(
      'mqtt-stack ctl clients: a token is needed: Authorization: Bearer TOKEN: say it by --token, --token-file or MQTT_STACK_TOKEN',
    )
    await expect(run('ctl', ['clients', '--token', 'wrong'], env)).rejects.toThrow(
      'nobody here has that token: say it by --token, --token-file or MQTT_STACK_TOKEN',
    )
    expect((await run('ctl', ['clients', '--url', `${url}/#token=${READER}`])).code).toBe(0)
    await expect(run('ctl', ['reload', '--token', READER], env)).rejects.toThrow('operate')
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-ctl-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'token'), `${READER}\n`)
    expect((await run('ctl', ['clients', '--token-file', join(folder, 'token')], env)).code).toBe(0)
    await expect(run('ctl', ['clients', '--token-file', join(folder, 'none')], env)).rejects.toThrow(
      `mqtt-stack ctl clients: ${join(folder, 'none')}:`,
    )
  })

  it('another server', async () => {
    const server = createServer((_request, response) => response.end('<p>hello'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    await expect(run('ctl', ['nodes', '--url', `http://127.0.0.1:${port}`])).rejects.toThrow(
      `mqtt-stack ctl nodes: http://127.0.0.1:${port} has not answered as a broker does: `,
    )
  })

  it('a broker that is not there', async () => {
    await expect(run('ctl', ['clients', '--url', 'http://127.0.0.1:1'])).rejects.toThrow(
      /^mqtt-stack ctl clients: no broker answers at http:\/\/127\.0\.0\.1:1 \(.*\): start it with --admin, or say --url$/,
    )
  })
})

it('explains itself', async () => {
  expect((await run('ctl', [])).out).toMatch(/^Usage: mqtt-stack ctl COMMAND \[flags\]\n/)
  expect((await run('ctl', ['kick', '--help'])).out).toMatch(/^Usage: mqtt-stack ctl kick CLIENT \[flags\]\n/)
})
