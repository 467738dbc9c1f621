import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { PasswordAuth } from '@mqtt-stack/auth-password'
import { parseUsers } from '@mqtt-stack/core/users'
import { connectAsync } from 'mqtt'
import { describe, expect, onTestFinished, test } from 'vitest'
import { listeningBroker } from '../../../../test/rig/broker.ts'
import type { Io } from './command.ts'
import { passwd } from './passwd.ts'

interface Terminal {
  io: Io
  /** What was printed to stdout and stderr. */
  printed(): { stdout: string; stderr: string }
  /** Whether keys are shown. */
  readonly raw: boolean[]
}

/** stdin holds `input`, and is a terminal on which each text is typed when it is asked for, or is none. */
function terminal(input: string | readonly string[]): Terminal {
  const [stdin, raw] = [new PassThrough(), [] as boolean[]]
  const printed = { stdout: '', stderr: '' }
  const to = (name: keyof typeof printed): Io['stdout'] => ({
    write(text) {
      printed[name] += text
      return true
    },
  })
  const typed = [...(typeof input === 'string' ? [] : input)]
  if (typeof input === 'string') stdin.end(input)
  const keys = Object.assign(stdin, {
    isTTY: typeof input !== 'string',
    setRawMode(on: boolean) {
      raw.push(on)
      if (on && typed.length > 0) stdin.write(typed.shift())
    },
  })
  return {
    raw,
    printed: () => printed,
    io: {
      env: {},
      stdin: keys,
      stdout: to('stdout'),
      stderr: to('stderr'),
    },
  }
}

function fileOf(text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'passwd-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'users')
  if (text !== undefined) writeFileSync(path, text)
  return path
}

/** Runs it, and answers what it printed to stdout. */
async function run(args: readonly string[], input: string | readonly string[] = 'secret\n'): Promise<string> {
  const { io, printed } = terminal(input)
  expect(await passwd(args, io)).toBe(0)
  return printed().stdout
}

const usersOf = (path: string): ReturnType<typeof parseUsers> => parseUsers(readFileSync(path), path)
const HASH = '$7$101$c2FsdHNhbHQ=$x'

describe('passwd', () => {
  test('adds a user to a file that it makes, for its owner alone', async () => {
    const path = fileOf()
    expect(await run([path, 'alice'])).toBe(`${path}: alice was added; the file is new\n`)
    expect([...usersOf(path).keys()]).toEqual(['alice'])
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(existsSync(`${path}.new`)).toBe(false)
  })

  test('adds and changes users, and leaves all else as it is', async () => {
    const path = fileOf(`# ours\nalice:${HASH}:staff\nbob:${HASH}`)
    expect(await run([path, 'alice'])).toBe(`${path}: alice was changed\n`)
    expect(await run([path, 'carol', '--groups', 'night,staff'])).toBe(`${path}: carol was added\n`)
    const [comment, alice, bob, carol] = readFileSync(path, 'utf8').split('\n')
    expect([comment, bob]).toEqual(['# ours', `bob:${HASH}`])
    expect(alice).toMatch(/^alice:\$argon2id\$[^:]+:staff$/)
    expect(carol).toMatch(/^carol:\$argon2id\$[^:]+:night,staff$/)
    await run([path, 'alice', '--groups', ''])
    expect(usersOf(path).get('alice')?.groups).toEqual([])
  })

  test('keeps keys for SCRAM where it is told to, and makes new ones with each password', async () => {
    const path = fileOf()
    const keys = async (...flags: string[]): Promise<readonly string[]> => {
      await run([path, 'alice', ...flags])
      return usersOf(path).get('alice')?.keys ?? []
    }
    expect(await keys()).toEqual([])
    const made = await keys('--scram')
    expect(made).toEqual([
      expect.stringMatching(/^\$scram-sha-256\$i=15000\$/),
      expect.stringMatching(/^\$scram-sha-512\$i=15000\$/),
    ])
    const renewed = await keys()
    expect(renewed).toHaveLength(2)
    expect(renewed).not.toEqual(made)
    expect(await keys('--no-scram')).toEqual([])
  })

  test('removes a user', async () => {
    const path = fileOf(`alice:${HASH}\nbob:${HASH}\n`)
    expect(await run([path, 'alice', '--delete'])).toBe(`${path}: alice was removed\n`)
    expect(readFileSync(path, 'utf8')).toBe(`bob:${HASH}\n`)
  })

  test('writes what PasswordAuth reads: MQTT.js gets in', async () => {
    const path = fileOf()
    await run([path, 'alice'], 'pässword: with a colon')
    const broker = await listeningBroker({
      use: [{ middleware: new PasswordAuth({ file: path }), after: 'authentication' }],
      authorize: false,
    })
    const given = { username: 'alice', password: 'pässword: with a colon', reconnectPeriod: 0 }
    const client = await connectAsync(broker.addresses[0].url, given)
    await client.endAsync()
  })

  test.skipIf(process.platform === 'win32')(
    'keeps a file’s mode, but for the rights of everybody, and a link',
    async () => {
      const path = fileOf(`alice:${HASH}\n`)
      chmodSync(path, 0o664)
      symlinkSync(path, `${path}-link`)
      await run([`${path}-link`, 'bob'])
      expect(statSync(path).mode & 0o777).toBe(0o660)
      expect([...usersOf(path).keys()]).toEqual(['alice', 'bob'])
      expect(readFileSync(`${path}-link`)).toEqual(readFileSync(path))
    },
  )

  test('asks twice on a terminal, and shows nothing of what is typed', async () => {
    const path = fileOf()
    const { io, printed, raw } = terminal(['oops\u0015secrt\u007f\u007fret\r', 'secret\n'])
    await passwd([path, 'alice'], io)
    expect(printed().stderr).toBe('Password of alice: \nOnce more: \n')
    expect(raw).toEqual([true, false, true, false])
    expect(usersOf(path).get('alice')?.hash).toMatch(/^\$argon2id\$/)
  })

  test('takes both answers from what was pasted at once', async () => {
    const path = fileOf()
    await run([path, 'alice'], ['secret\rsecret\r'])
    expect(usersOf(path).size).toBe(1)
  })
})

describe('passwd changes nothing, and says why', () => {
  test.each([
    ['stdin that is empty', '', 'a password is needed, and it is empty: nothing was changed'],
    ['stdin of an empty line', '\n', 'a password is needed, and it is empty: nothing was changed'],
    [
      'two lines',
      'a\nb\n',
      'stdin holds more than one line: give it the password alone: nothing was changed',
    ],
    [
      'what no CONNECT can have',
      'x'.repeat(65_536),
      'the password is longer than 65535 bytes: nothing was changed',
    ],
    ['much more', 'x'.repeat(200_000), 'the password is longer than 65535 bytes: nothing was changed'],
    ['two passwords', ['one\r', 'two\r'], 'the two passwords differ: nothing was changed'],
    ['Ctrl+C', ['one\u0003'], 'no password was given: nothing was changed'],
    ['Ctrl+D', ['one\r', '\u0004'], 'no password was given: nothing was changed'],
    ['Enter alone', ['\r'], 'a password is needed, and it is empty: nothing was changed'],
  ])('for %s', async (_case, input, message) => {
    const path = fileOf(`alice:${HASH}`)
    const { io, raw } = terminal(input)
    await expect(passwd([path, 'bob'], io)).rejects.toThrow(`mqtt-stack passwd: ${message}`)
    expect(readFileSync(path, 'utf8')).toBe(`alice:${HASH}`)
    expect(raw.at(-1)).not.toBe(true)
  })

  test.each([
    [['FILE', 'alice', '--delete'], 'mqtt-stack passwd: there is no user "alice" in FILE'],
    [
      ['FILE', 'a:b'],
      'mqtt-stack passwd: the user name holds a ":", which ends it in the file: choose another one',
    ],
    [['FILE', '#a'], 'mqtt-stack passwd: the user name begins with "#", as comments do: choose another one'],
    [
      ['FILE', 'a', '--groups', 'a,,b'],
      'mqtt-stack passwd: a group is empty: write them as in --groups staff,night',
    ],
    [
      ['FILE', 'a', '--scram', '--no-scram'],
      'mqtt-stack passwd: --scram and --no-scram exclude each other: leave one out',
    ],
    [
      ['FILE', 'a', '--delete', '--groups', 'b'],
      'mqtt-stack passwd: --delete and --groups exclude each other: leave one out',
    ],
    [['FILE'], 'mqtt-stack passwd: USER is missing: mqtt-stack passwd FILE USER'],
    [['FILE', 'a', 'b'], 'mqtt-stack passwd: unknown argument "b": see mqtt-stack passwd --help'],
    [['FILE', 'a', '--group', 'b'], 'mqtt-stack passwd: unknown flag --group: see mqtt-stack passwd --help'],
    [['FILE', 'a', '--delete=b'], 'mqtt-stack passwd: --delete takes no value, and was given "b"'],
    [['FILE', 'a', '--groups'], 'mqtt-stack passwd: --groups needs a value: --groups <a,b>'],
  ])('for %j', async (args, message) => {
    const path = fileOf()
    const { io } = terminal('secret')
    const given = args.map((arg) => (arg === 'FILE' ? path : arg))
    await expect(passwd(given, io)).rejects.toThrow(message.replace(/in FILE$/, `in ${path}`))
    expect(existsSync(path)).toBe(false)
  })

  test('where the file has a bad line, before it asks', async () => {
    const path = fileOf('alice')
    const { io, printed } = terminal(['secret\r', 'secret\r'])
    await expect(passwd([path, 'bob'], io)).rejects.toThrow(
      `${path}:1: has no ":": write it with mqtt-stack passwd ${path} NAME`,
    )
    expect(printed().stderr).toBe('')
  })

  test('where it cannot be written', async () => {
    const path = join(fileOf(), 'not-there', 'users')
    await expect(run([path, 'bob'])).rejects.toThrow(
      `cannot change ${path}: there is no such folder: make it first`,
    )
    const folder = join(fileOf(), '..')
    await expect(run([folder, 'bob'])).rejects.toThrow(
      `cannot read ${folder}: it is a folder: name the file in it`,
    )
  })

  test('while another one changes the file', async () => {
    const path = fileOf(`alice:${HASH}`)
    writeFileSync(`${path}.new`, '')
    await expect(run([path, 'bob'])).rejects.toThrow(
      `${path}.new is there: another command is changing ${path}; if none is, remove ${path}.new`,
    )
    expect(existsSync(`${path}.new`)).toBe(true)
  })
})

test('passwd --help', async () => {
  const help = await run(['--help'])
  expect(help).toMatch(/^Usage: mqtt-stack passwd FILE USER \[flags\]\n\nAdds a user /)
  expect(help).toContain('--groups <a,b>')
})
