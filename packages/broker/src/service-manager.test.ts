import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { createLog } from '@mqtt-stack/core'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { programPath } from '../../../test/support/needs.ts'
import { spawned } from '../../../test/support/spawned.ts'
import { ServiceManager } from './service-manager.ts'

interface Setup {
  readonly manager: ServiceManager
  readonly told: string[][]
  readonly logger: RecordingLogger
  seconds(count: number): Promise<void>
}

function setUp(env: NodeJS.ProcessEnv, run?: () => Promise<void>): Setup {
  const [clock, logger, told] = [new VirtualClock(), new RecordingLogger(), [] as string[][]]
  const record = (states: readonly string[]): Promise<void> => {
    told.push([...states])
    return run?.() ?? Promise.resolve()
  }
  const manager = new ServiceManager(createLog(logger, clock), env, record, clock)
  return { manager, told, logger, seconds: (count) => clock.advance(count * 1_000) }
}

const NOTIFY = { NOTIFY_SOCKET: '/run/systemd/notify' }
const WATCHED = { ...NOTIFY, WATCHDOG_USEC: '30000000', WATCHDOG_PID: String(process.pid) }

describe('systemd is told', () => {
  test('that the service is up, that it lives, and that it stops', async () => {
    const { manager, told, seconds } = setUp(WATCHED)
    await manager.ready('listening')
    expect(told).toEqual([['READY=1', 'STATUS=listening']])
    await seconds(30)
    expect(told.slice(1)).toEqual([['WATCHDOG=1'], ['WATCHDOG=1'], ['WATCHDOG=1']])
    await manager.stopping()
    await seconds(60)
    expect(told.slice(4)).toEqual([['STOPPING=1']])
  })

  test.each([
    ['no watchdog', NOTIFY],
    ['the watchdog of another process', { ...WATCHED, WATCHDOG_PID: '1' }],
  ])('nothing of life where there is %s', async (_what, env) => {
    const { manager, told, seconds } = setUp(env)
    await manager.ready('listening')
    await seconds(120)
    expect(told).toHaveLength(1)
  })

  test('nothing where it has not started the service', async () => {
    const { manager, told, seconds } = setUp({ WATCHDOG_USEC: '30000000' })
    await manager.ready('listening')
    await seconds(120)
    await manager.stopping()
    expect(told).toEqual([])
  })

  test('by one program at a time', async () => {
    let free: (() => void) | undefined
    const { manager, told, seconds } = setUp(WATCHED, () => new Promise((resolve) => (free = resolve)))
    const ready = manager.ready('listening')
    free?.()
    await ready
    await seconds(60)
    expect(told).toHaveLength(2)
    void manager.stopping()
    expect(told.at(-1)).toEqual(['STOPPING=1'])
  })

  test('what goes wrong is logged once', async () => {
    const { manager, logger, seconds } = setUp(WATCHED, () =>
      Promise.reject(new Error('the program is not installed')),
    )
    await manager.ready('listening')
    await seconds(60)
    expect(logger.errors).toEqual([
      'systemd-notify: the program is not installed: systemd is not told how the service fares',
    ])
  })
})

test('the command runs systemd-notify, and goes on without it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [program, log] = [join(folder, 'systemd-notify'), join(folder, 'log')]
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${log}\n`)
  chmodSync(program, 0o755)
  const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
  const start = (path: string) =>
    spawned(process.execPath, [cli, '--port', '0', '--no-ws'], {
      env: { ...process.env, PATH: path, NOTIFY_SOCKET: join(folder, 'socket') },
    })
  const one = start(`${folder}:${process.env.PATH}`)
  const [url] = await one.prints(/mqtt:[^" ]+/)
  while (!existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 20))
  one.child.kill('SIGTERM')
  expect(await one.exited).toBe(0)
  expect(readFileSync(log, 'utf8').split('\n').slice(0, 2)).toEqual([
    `READY=1 STATUS=listening on ${url}`,
    'STOPPING=1',
  ])
  await start('/nowhere').prints(/systemd-notify: the program is not installed/)
})

describe('the unit', () => {
  const unit = fileURLToPath(new URL('../../../deploy/mqtt-stack.service', import.meta.url))

  test('is one that systemd understands, and exposes little', (context) => {
    if (programPath('systemd-analyze') === undefined) return context.skip('systemd is not installed')
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    // The program that it starts is not here.
    const file = join(folder, 'mqtt-stack.service')
    writeFileSync(file, readFileSync(unit, 'utf8').replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'))
    const systemd = (...args: string[]): string =>
      execFileSync('systemd-analyze', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    expect(systemd('verify', '--man=no', '--recursive-errors=no', file)).toBe('')
    const said = systemd('security', '--offline=true', '--no-pager', '--threshold=25', file)
    expect(said).toMatch(/exposure level for mqtt-stack\.service: [0-2]\.\d/)
  })
})
