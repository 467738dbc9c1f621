/** `mqtt-stack --data DIR`: what outlives the process, and what is wrong with a directory. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'mqtt'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CLI, clientOf, messages, mqttStack, STORED, urlOf } from '../../../test/rig/command.ts'
import { needs } from '../../../test/support/needs.ts'
import { spawned } from '../../../test/support/spawned.ts'
import { openData } from './durable.ts'

const FREE = ['--port', '0', '--no-ws']

beforeAll(() => {
  if (!existsSync(CLI)) throw new Error('not built: run `npm run build`')
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'mqtt-data-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

describe('--data', () => {
  test.each(['commit', 'interval'])('keeps all over kill -9, with --sync %s', async (sync) => {
    const path = join(folder(), 'data')
    const first = mqttStack('--data', path, '--sync', sync)
    const away = await clientOf(first, { ...STORED, clientId: 'away' })
    await away.subscribeAsync({ 'a/#': { qos: 2 } })
    await away.endAsync()
    const publisher = await clientOf(first, { clientId: 'publisher', protocolVersion: 5 })
    await publisher.publishAsync('a/1', 'once', { qos: 1 })
    await publisher.publishAsync('a/2', 'twice', { qos: 2 })
    await publisher.publishAsync('b', 'kept', { qos: 1, retain: true })
    first.child.kill('SIGKILL')
    await first.exited

    const second = mqttStack('--data', path, '--sync', sync)
    const back = connect(await urlOf(second), { ...STORED, clientId: 'away', reconnectPeriod: 0 })
    onTestFinished(() => void back.end(true))
    expect(await messages(back, 2)).toEqual(['a/1 once', 'a/2 twice'])
    const retained = messages(back, 1)
    await back.subscribeAsync('b')
    expect(await retained).toEqual(['b kept'])
    second.child.kill('SIGTERM')
    expect(await second.exited).toBe(0)
  })

  test('is in use by one process at a time', async () => {
    const path = folder()
    const first = mqttStack('--data', path)
    await urlOf(first)
    const second = mqttStack('--data', path)
    expect(await second.exited).toBe(1)
    const fix = 'stop it, or name another directory'
    expect(second.stderr).toBe(
      `mqtt-stack: lmdb-backend: ${path} is in use by process ${first.child.pid}: ${fix}\n`,
    )
  })

  test('sets a damaged file aside, says so, and starts', async () => {
    const path = folder()
    const file = join(path, 'data.mdb')
    writeFileSync(file, 'no database')
    const cli = mqttStack('--data', path)
    await urlOf(cli)
    expect(JSON.parse(cli.lines[0])).toMatchObject({
      level: 50,
      msg: expect.stringContaining(`${file}.set-aside-1`),
    })
    expect(readFileSync(`${file}.set-aside-1`, 'utf8')).toBe('no database')
  })

  test('says where what is kept is kept', async () => {
    const path = folder()
    const cli = mqttStack('--data', path)
    await urlOf(cli)
    expect(JSON.parse(cli.lines[0])).toMatchObject({
      level: 30,
      msg: `lmdb-backend: sessions and messages are kept in ${path}, on the disk with each commit`,
    })
  })

  test('needs lmdb-backend, which may not be installed', async () => {
    const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
    await expect(
      openData({ data: 'x', sync: 'commit' }, () => Promise.reject(missing)),
    ).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      message:
        'mqtt-stack: --data needs @mqtt-stack/lmdb-backend, which is not installed: npm install @mqtt-stack/lmdb-backend',
    })
    const broken = new Error('no binary for this machine')
    await expect(openData({ data: 'x', sync: 'commit' }, () => Promise.reject(broken))).rejects.toThrow(
      'cannot be loaded here: no binary for this machine',
    )
  })

  test.skipIf(process.platform !== 'linux')('loads LMDB only where it is given', async () => {
    const has = async (...args: string[]): Promise<boolean> => {
      const cli = mqttStack(...args)
      await urlOf(cli)
      return readFileSync(`/proc/${cli.child.pid}/maps`, 'utf8').includes('lmdb')
    }
    expect([await has(), await has('--data', folder())]).toEqual([false, true])
  })
})

describe('a disk that gets full under a running broker', () => {
  test('QoS 1 and 2 are refused and QoS 0 is served until there is room again; the log says both', async (context) => {
    const at = join(folder(), 'disk')
    mkdirSync(at)
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', at])
    if (mount.status !== 0) return context.skip('nothing can be mounted here')
    const cli = mqttStack('--data', at)
    try {
      const away = await clientOf(cli, { ...STORED, clientId: 'away' })
      await away.subscribeAsync({ a: { qos: 2 } })
      await away.endAsync()
      const live = await clientOf(cli, { clientId: 'live' })
      await live.subscribeAsync({ a: { qos: 0 } })
      const publisher = await clientOf(cli, { clientId: 'publisher', protocolVersion: 5 })
      const older = await clientOf(cli, { clientId: 'older', protocolVersion: 4 })
      writeFileSync(join(at, 'other'), Buffer.alloc(900_000))

      const payload = Buffer.alloc(200_000)
      for (const qos of [1, 2] as const)
        await expect(publisher.publishAsync('a', payload, { qos })).rejects.toMatchObject({ code: 0x97 })
      await cli.prints(/no space is left/)
      const closed = new Promise((resolve) => older.once('close', () => resolve('closed')))
      const acknowledged = older.publishAsync('a', payload, { qos: 1 }).then(
        () => 'acknowledged',
        () => 'closed',
      )
      expect(await Promise.race([closed, acknowledged])).toBe('closed')
      const served = messages(live, 1)
      await publisher.publishAsync('a', 'qos 0', { qos: 0 })
      expect(await served).toEqual(['a qos 0'])

      rmSync(join(at, 'other'))
      // A refusal does not say when the next attempt is made.
      for (let refused = true; refused; ) {
        refused = await publisher.publishAsync('a', payload, { qos: 1 }).then(
          () => false,
          () => true,
        )
      }
      await cli.prints(/commits again/)
    } finally {
      cli.child.kill('SIGKILL')
      await cli.exited
      spawnSync('umount', [at])
    }
  })
})

describe('a commit', () => {
  test('is flushed before PUBACK is written', async (context) => {
    needs(context, 'strace')
    if (spawnSync('strace', ['-o', '/dev/null', 'true']).status !== 0)
      return context.skip('strace may trace nothing here')
    const path = folder()
    const trace = join(path, 'trace')
    const calls = 'trace=openat,pwrite64,pwritev,fdatasync,write,writev,sendto,sendmsg'
    const command = ['-f', '-y', '-s', '64', '-e', calls, '-o', trace, process.execPath, CLI]
    const cli = spawned('strace', [...command, ...FREE, '--data', join(path, 'data')])
    const away = await clientOf(cli, { ...STORED, clientId: 'away' })
    await away.subscribeAsync({ a: { qos: 1 } })
    await away.endAsync()
    const publisher = await clientOf(cli, { clientId: 'publisher' })
    for (let i = 0; i < 5; i++) await publisher.publishAsync('a', `message-${i}`, { qos: 1 })
    await publisher.endAsync()
    process.kill(Number(/"pid":(\d+)/.exec(cli.stdout)?.[1]), 'SIGKILL')
    await cli.exited
    const steps = stepsOf(readFileSync(trace, 'utf8'))
    expect(steps.filter((step) => step === 'puback')).toHaveLength(5)
    for (let at = steps.indexOf('puback'); at >= 0; at = steps.indexOf('puback', at + 1)) {
      const since = steps.slice(steps.lastIndexOf('puback', at - 1) + 1, at)
      expect(since.slice(-3)).toEqual(['pages', 'flush', 'meta'])
    }
  })
})

/**
 * What a trace shows, in the order of time: pages written to the database, a flush that ended, the page that makes the
 * commit count (written through: O_DSYNC), and a PUBACK that begins to be written.
 */
function stepsOf(trace: string): string[] {
  const steps: string[] = []
  /** Calls that have begun, by thread. */
  const begun = new Map<string, string>()
  let through = ''
  for (const line of trace.split('\n')) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (rest === undefined) continue
    if (/^(write|writev|sendto|sendmsg)\(\d+[^"]*"@\\(?:00)?2/.test(rest)) steps.push('puback')
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, rest)
      continue
    }
    const call = rest.startsWith('<...') ? `${begun.get(thread)} ${rest}` : rest
    const opened = /^openat\(.*data\.mdb".*O_DSYNC.* = (\d+)/.exec(call)
    if (opened !== null) through = opened[1]
    const [, name, fd] = /^(pwrite64|pwritev|write|writev|fdatasync)\((\d+)<[^>]*data\.mdb>/.exec(call) ?? []
    if (name === undefined || / = -1 /.test(call)) continue
    const step = name === 'fdatasync' ? 'flush' : fd === through ? 'meta' : 'pages'
    if (steps.at(-1) !== step) steps.push(step)
  }
  return steps
}
