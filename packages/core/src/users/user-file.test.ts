import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Client } from '../contract/index.ts'
import { createLog } from '../contract/index.ts'
import type { User } from './user.ts'
import { parseUsers } from './user.ts'
import type { UserFileStack } from './user-file.ts'
import { UserFile } from './user-file.ts'

interface Setup {
  path: string
  clock: VirtualClock
  logger: RecordingLogger
  clients: Set<Client>
  /** Names of clients that were closed, with codes and reasons. */
  closed: string[]
  file: UserFile<string[]>
  open(): Promise<void>
  lines(): string[]
}

/** A file whose users are decoded to their names. */
function setup(text: string | undefined, mode = 0o600): Setup {
  const folder = mkdtempSync(join(tmpdir(), 'user-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'users')
  if (text !== undefined) {
    writeFileSync(path, text)
    chmodSync(path, mode)
  }
  const [clock, logger] = [new VirtualClock(), new RecordingLogger()]
  const closed: string[] = []
  const clients = new Set<Client>()
  const file = new UserFile({
    path,
    owner: 'Provider',
    decode: (users) => [...users.keys()],
    proofOf: ({ hash }) => hash,
  })
  onTestFinished(() => file.close())
  const stack: UserFileStack = {
    clock,
    log: createLog(logger, clock),
    clients,
    closeClient: (client, code, reason) => void closed.push(`${client.id} ${code.toString(16)} ${reason}`),
  }
  return {
    path,
    clock,
    logger,
    file,
    clients,
    closed,
    open: () => file.open(stack),
    lines: () => logger.lines.map(({ level, message }) => `${level} ${message.replaceAll(path, 'users')}`),
  }
}

describe('a file of users that is watched', () => {
  it('is read again when it changes', async () => {
    const { path, file, open, clock, lines } = setup('alice:$6$s$h')
    await open()
    expect([file.known, lines()]).toEqual([['alice'], []])
    writeFileSync(path, 'bob:$6$s$h')
    await clock.advance(2_000)
    expect(file.known).toEqual(['bob'])
    expect(lines()).toEqual(['info Provider: users was changed and is in force'])
  })

  it('stays as it was, and says so once, where the new one cannot be used', async () => {
    const { path, file, open, clock, lines } = setup('alice:$6$s$h')
    await open()
    writeFileSync(path, 'bob')
    await clock.advance(5_000)
    expect(file.known).toEqual(['alice'])
    rmSync(path)
    await clock.advance(5_000)
    expect(file.known).toEqual(['alice'])
    expect(lines()).toEqual([
      'error Provider: users was changed and cannot be used, what it held before stays: users:1: has no ":": write it with mqtt-stack passwd users NAME',
      'error Provider: users was changed and cannot be used, what it held before stays: Provider: cannot read users: there is no such file: make it with mqtt-stack passwd users NAME',
    ])
  })

  it.each([
    [
      'that is not there',
      undefined,
      'Provider: cannot read users: there is no such file: make it with mqtt-stack passwd users NAME',
    ],
    ['with a bad line', 'alice', 'users:1: has no ":": write it with mqtt-stack passwd users NAME'],
  ])('%s is an error at start', async (_case, text, message) => {
    const { path, clock, open } = setup(text)
    const error = await open().catch((thrown: Error) => thrown)
    expect(error).toMatchObject({ code: 'FILE_INVALID' })
    expect((error as Error).message.replaceAll(path, 'users')).toBe(message)
    expect(clock.timers).toBe(0)
  })

  it('that is a folder is an error at start', async () => {
    const { path, clock, logger, clients } = setup(undefined)
    const folder = join(path, '..')
    const file = new UserFile({ path: folder, owner: 'Provider', decode: () => 1, proofOf: () => '' })
    await expect(
      file.open({ clock, log: createLog(logger, clock), clients, closeClient() {} }),
    ).rejects.toThrow(`Provider: cannot read ${folder}: it is a folder: name the file in it`)
  })

  it.skipIf(process.platform === 'win32')(
    'is warned of where everybody may read it, or nobody is in it',
    async () => {
      const { open, lines } = setup('', 0o644)
      await open()
      expect(lines()).toEqual([
        'warn Provider: there is no user in users: add one with mqtt-stack passwd users NAME',
        'warn Provider: everybody on this machine may read users: chmod 600 users',
      ])
    },
  )

  it('ends the connections of those whose line is changed or removed', async () => {
    const before = ['alice', 'bob:staff', 'carol', 'dave', 'eve'].map(line).join('\n')
    const { path, file, open, clock, clients, closed } = setup(before)
    await open()
    const users = parseUsers(Buffer.from(before), path)
    for (const name of users.keys()) {
      const client = { id: name, slots: [] } as unknown as Client
      clients.add(client)
      if (name !== 'eve') expect(file.admit(client, users.get(name) as User)).toBe(true)
    }
    writeFileSync(path, `# other\n${line('alice')}\n${line('bob:night')}\ncarol:$6$other$h\n`)
    await clock.advance(2_000)
    expect(closed).toEqual(
      ['bob', 'carol', 'dave'].map((name) => `${name} 98 the user was changed or removed`),
    )
    expect([...users.values()].map((user) => file.admit({ slots: [] } as unknown as Client, user))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])

    function line(user: string): string {
      const [name, groups = ''] = user.split(':')
      return `${name}:$6$s$h:${groups}`
    }
  })
})
