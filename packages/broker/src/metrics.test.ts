import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Metrics } from '@mqtt-stack/metrics'
import { describe, expect, it, onTestFinished } from 'vitest'
import { broker5 } from '../../../test/rig/broker.ts'
import type { Broker } from './broker.ts'
import type { BrokerOptions } from './broker-options.ts'
import { parseFlags } from './cli-options.ts'
import { createBroker } from './create-broker.ts'
import { createBrokerFrom } from './create-broker-from.ts'
import { METRICS_EXTRA } from './extras.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }

function metricsIn(broker: Broker): Metrics {
  return broker.stack.middlewares.find(({ name }) => name === 'Metrics') as Metrics
}

async function page(broker: Broker): Promise<string> {
  const { host, port } = metricsIn(broker).address as { host: string; port: number }
  return (await fetch(`http://${host}:${port}/metrics`)).text()
}

describe('createBroker({ metrics })', () => {
  it('counts from the first connection on, and says it where it listens', async () => {
    const { broker, client, seconds } = broker5({ metrics: { listen: '127.0.0.1:0', sysInterval: 1_000 } })
    await broker.start()
    const one = await client({ protocolVersion: 4 })
    await one.subscribe('$SYS/broker/version')
    expect(String((await one.next('publish')).payload)).toMatch(/^mqtt-stack version \d+\.\d+\.\d+/)
    // What was asked for a second ago is not asked for again.
    await seconds(1)
    const text = await page(broker)
    expect(text).toContain('mqtt_connections_opened_total{listener="memory"} 1\n')
    expect(text).toContain('mqtt_handler_calls_total{callback="handle connect",middleware="Connection"} 1\n')
  })

  it('is off, or on by true; all else is one clear error', async () => {
    const names = (broker: Broker) => broker.stack.middlewares.map(({ name }) => name)
    expect(names(broker5().broker)).not.toContain('Metrics')
    const { broker } = broker5({ metrics: true })
    await broker.start()
    expect(names(broker)[0]).toBe('Metrics')
    expect((await broker.stack.call('lookupMetrics', {})).length).toBeGreaterThan(40)
    expect(() => createBroker({ metrics: 'yes' as unknown as boolean })).toThrow(
      'createBroker: option "metrics" must be options of metrics, a middleware, true or false, not yes',
    )
    const wrong = broker5({ metrics: { listen: 'nowhere' } } as BrokerOptions).broker
    await expect(wrong.start()).rejects.toThrow('option "listen" must be [host:]port')
  })
})

it('a configuration has them in its section, and names the line of what is wrong', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'broker.yaml')
  const start = async (section: string): Promise<Broker> => {
    writeFileSync(path, `listeners:\n  - listen: mqtt://127.0.0.1:0\nmetrics: ${section}\n`)
    const broker = await createBrokerFrom(path, { stack: { logger: QUIET } })
    onTestFinished(() => broker.close())
    await broker.listen()
    return broker
  }
  expect(await page(await start('{ listen: "127.0.0.1:0" }'))).toContain('mqtt_sessions 0\n')
  await expect(start('{ listen: nowhere }')).rejects.toThrow(
    /broker\.yaml:3:12: metrics: .*must be \[host:\]port/,
  )
  await expect(start('{ listn: 1 }')).rejects.toThrow(/broker\.yaml:3:12: .*"listn".*did you mean "listen"/)
})

it('the flag says where, or leaves it to its usual place', () => {
  expect(parseFlags([]).metrics).toBe('')
  expect(parseFlags(['--metrics']).metrics).toBe('127.0.0.1:9464')
  expect(parseFlags(['--metrics', '0.0.0.0:9000']).metrics).toBe('0.0.0.0:9000')
})

it('options say where it listens alone; who it is the broker says', () => {
  expect(METRICS_EXTRA.complete({})).toMatchObject({
    listen: '',
    version: expect.stringMatching(/^mqtt-stack version /),
  })
})
