import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordingLogger } from '@mqtt-stack/testing'
import { Tracing } from '@mqtt-stack/tracing'
import { expect, it, onTestFinished } from 'vitest'
import { testBroker } from '../../../test/rig/broker.ts'
import type { Broker } from './broker.ts'
import { createBrokerFrom } from './create-broker-from.ts'

const names = ({ stack }: Broker): string[] => stack.middlewares.map(({ name }) => name)

it('tracing comes with admin, and by itself where somebody asks for it', async () => {
  expect(names(testBroker())).not.toContain('Tracing')
  expect(names(testBroker({ admin: { listen: '0' } }))).toContain('Tracing')
  expect(names(testBroker({ admin: { listen: '0' }, tracing: false }))).not.toContain('Tracing')
  const own = names(testBroker({ admin: { listen: '0' }, use: [new Tracing()] }))
  expect(own.filter((name) => name === 'Tracing')).toHaveLength(1)
  const broker = testBroker({ tracing: { history: 10 } })
  await broker.start()
  expect(names(broker).indexOf('Tracing')).toBe(names(broker).indexOf('RetainManager') - 1)
  const found = await broker.stack.call('explainDelivery', { topic: 'a', clientId: 'lamp' })
  expect(found.map(({ cause }) => cause)).toEqual(['no-session'])
})

it('tracing has a section of its own in a configuration', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-tracing-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'broker.yaml')
  writeFileSync(file, 'listeners:\n  - listen: mqtt://127.0.0.1:0\ntracing: { followers: 2 }\n')
  const broker = await createBrokerFrom(file, { stack: { logger: new RecordingLogger() } })
  onTestFinished(() => broker.close())
  expect(names(broker)).toContain('Tracing')
  writeFileSync(file, 'listeners:\n  - listen: mqtt://127.0.0.1:0\ntracing: { folowers: 2 }\n')
  await expect(createBrokerFrom(file)).rejects.toThrow('followers')
})
