import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:net'
import { createBroker } from '@mqtt-stack/broker'
import { RecordingLogger } from '@mqtt-stack/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { parseFlags } from './cli-options.ts'
import { runCli } from './run-cli.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function run(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const [out, errors]: [string[], string[]] = [[], []]
  const code = await runCli(args, { write: (text) => out.push(text) }, { write: (text) => errors.push(text) })
  return { code, out: out.join(''), errors: errors.join('') }
}

/** Where a broker listens. */
async function broker(): Promise<string> {
  const listeners = [{ transport: 'tcp', host: '127.0.0.1', port: 0 }] as const
  const one = createBroker({ listeners, stack: { logger: new RecordingLogger() } })
  closing.push(() => one.close())
  const [{ port }] = await one.listen()
  return String(port)
}

/** Where somebody listens who hangs up on everybody. */
async function closer(): Promise<string> {
  const server: Server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  closing.push(() => server.close())
  await once(server, 'listening')
  return String((server.address() as AddressInfo).port)
}

describe('the command', () => {
  it('prints a table and leaves with 0 when all is well', async () => {
    const { code, out } = await run('--port', await broker(), '--version', '4', '--only', 'MQTT-3.12.4-1')
    expect(out).toContain('MQTT 3.1.1')
    expect(out).toMatch(/3\.1\.2 Keep alive +1 +0 +0 +0/)
    expect(code).toBe(0)
  })

  it('names what failed and leaves with 1', async () => {
    const { code, out } = await run('--port', await closer(), '--version', '5', '--only', 'MQTT-3.12.4-1')
    expect(out).toContain('FAIL   3.1.2 Keep alive: [MQTT-3.12.4-1]')
    expect(code).toBe(1)
  })

  it('takes remarks for failures with --strict', async () => {
    const args = ['--port', await closer(), '--version', '5', '--only', 'will QoS is 3']
    expect((await run(...args)).code).toBe(0)
    expect((await run(...args, '--strict')).code).toBe(1)
  })

  it('prints JSON', async () => {
    const { out } = await run('--port', await broker(), '--only', 'MQTT-3.12.4-1', '--json')
    expect(JSON.parse(out)).toMatchObject([
      { version: 4, status: 'pass', message: '' },
      { version: 5, status: 'pass', title: expect.stringContaining('[MQTT-3.12.4-1]') },
    ])
  })

  it('skips the longest topic where the broker takes shorter ones only, and says so', async () => {
    const { code, out } = await run('--port', await broker(), '--only', '65,535 bytes', '--json')
    const results: { status: string; message: string }[] = JSON.parse(out)
    expect(results.map(({ status }) => status)).toEqual(['skip', 'skip'])
    expect(results[0].message).toBe('the broker takes no topic of 65,535 bytes (the connection is closed)')
    expect(results[1].message).toMatch(/takes no topic of 65,535 bytes \(DISCONNECT .*0x8f.*\)/i)
    expect(code).toBe(0)
  })

  it('leaves with 2 when nobody listens, and when a flag is wrong', async () => {
    const port = await closer()
    for (const close of closing.splice(0)) await close()
    expect(await run('--port', port)).toMatchObject({
      code: 2,
      errors: expect.stringContaining('ECONNREFUSED'),
    })
    expect(await run('--port', 'x')).toMatchObject({
      code: 2,
      errors: expect.stringContaining('--port must be'),
    })
    expect((await run('--nonsense')).code).toBe(2)
  })

  it('prints its flags', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    expect(out).toContain('--version 3|4|5')
  })
})

describe('parseFlags', () => {
  it('checks both standards unless told otherwise', () => {
    expect(parseFlags([]).versions).toEqual([4, 5])
    expect(parseFlags(['--version', '3', '--version', '5']).versions).toEqual([3, 5])
    expect(() => parseFlags(['--version', '2'])).toThrow('from 3 to 5')
  })
})
