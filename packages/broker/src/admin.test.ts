/** The API for operators, as a broker is told to have it: by code, by a configuration, by a flag. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Admin } from '@mqtt-stack/admin'
import { RecordingLogger } from '@mqtt-stack/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Broker } from './broker.ts'
import { parseFlags } from './cli-options.ts'
import { createBroker } from './create-broker.ts'
import { createBrokerFrom } from './create-broker-from.ts'
import { portsOfWorker } from './ports-of-worker.ts'

const TOKEN = 'long-enough-to-be-a-token'
const tokens = [{ token: TOKEN, role: 'read' }]

function urlOf({ stack }: Broker): string {
  const admin = stack.middlewares.find(({ name }) => name === 'Admin') as Admin | undefined
  return admin?.urls?.[0] ?? ''
}

async function about(broker: Broker): Promise<{ readonly can: readonly string[] }> {
  const response = await fetch(`${urlOf(broker)}/api/about`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  })
  return (await response.json()) as { readonly can: readonly string[] }
}

describe('admin', () => {
  it('is off, and loaded when the broker starts where there are options; then the broker hands itself', async () => {
    expect(createBroker().stack.middlewares.some(({ name }) => name === 'Admin')).toBe(false)
    const broker = createBroker({
      admin: { listen: '0', tokens },
      listeners: [],
      stack: { logger: new RecordingLogger() },
    })
    onTestFinished(() => broker.close())
    expect(urlOf(broker)).toBe('')
    await broker.start()
    expect((await about(broker)).can).toContain('configuration')
    await broker.close()
    await expect(about(broker)).rejects.toThrow()
  })

  it('refuses what are no options, when it is made or when it starts', async () => {
    expect(() => createBroker({ admin: 1 as never })).toThrow(
      'createBroker: option "admin" must be options of admin, a middleware, true or false, not 1',
    )
    const broker = createBroker({ admin: { listn: '0' }, stack: { logger: new RecordingLogger() } })
    await expect(broker.start()).rejects.toThrow('Admin: unknown option "listn"')
    await broker.close()
  })

  it('is a section of a configuration, with tokens out of files; others count at the next start', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'broker.yaml')
    writeFileSync(join(folder, 'token'), `${TOKEN}\n`)
    const text = (role: string): string =>
      `listeners:\n  - { listen: "mqtt://127.0.0.1:0" }\nadmin:\n  listen: "0"\n  tokens:\n    - { token: { file: token }, role: ${role} }\n`
    writeFileSync(path, text('read'))
    const broker = await createBrokerFrom(path, { stack: { logger: new RecordingLogger() } })
    onTestFinished(() => broker.close())
    await broker.listen()
    expect((await about(broker)).can).toContain('configuration')
    writeFileSync(path, text('operate'))
    const { applied, kept } = await broker.reload()
    expect(applied).toEqual([])
    expect(kept).toEqual(['broker.yaml:3:1: admin.tokens: it is read at the start alone'])
    writeFileSync(path, text('all'))
    await expect(broker.reload()).rejects.toThrow(/broker\.yaml:6:\d+: /)
  })

  it('is a flag, whose value may be left out', () => {
    expect(parseFlags([]).admin).toBe('')
    expect(parseFlags(['--admin']).admin).toBe('127.0.0.1:18080')
    expect(parseFlags(['--admin', '--port', '1884'])).toMatchObject({ admin: '127.0.0.1:18080', port: 1884 })
    expect(parseFlags(['--admin', '0.0.0.0:1']).admin).toBe('0.0.0.0:1')
    expect(parseFlags(['--admin=2']).admin).toBe('2')
  })

  it('listens on a port of its own in each worker', () => {
    expect(portsOfWorker({}, undefined)).toEqual({})
    expect(portsOfWorker({}, 1)).toEqual({})
    expect(portsOfWorker({ open: '0.0.0.0:9100' }, 3)).toEqual({
      listen: '127.0.0.1:18082',
      open: '0.0.0.0:9102',
    })
    expect(portsOfWorker({ listen: '0' }, 2)).toEqual({ listen: '0' })
  })
})
