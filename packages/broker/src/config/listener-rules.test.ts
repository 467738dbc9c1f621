/** Rules under a listener: a real broker of a file, and MQTT.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import type { BrokerOptions } from '../broker-options.ts'
import { createBrokerFrom } from '../create-broker-from.ts'
import { configuredBroker } from './configured.ts'
import { loadConfig } from './load-config.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }

/** As the command does: no web server is attached later. */
const started = async (path: string, options: BrokerOptions = {}) =>
  configuredBroker(await loadConfig(path), { options })

/** Two listeners; the text stands behind them. */
const file = (world: string, acl: string): string => `listeners:
  - listen: mqtt://127.0.0.1:0
    name: world
${world}
  - { listen: "mqtt://127.0.0.1:0", name: house }
${acl}
`

async function running(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  const path = join(folder, 'broker.yaml')
  writeFileSync(path, text)
  const broker = await createBrokerFrom(path, { stack: { logger: QUIET } })
  onTestFinished(async () => {
    await broker.close()
    rmSync(folder, { recursive: true })
  })
  const urls = (await broker.listen()).map(({ url }) => url)
  const clients = await Promise.all(urls.map((url) => connectAsync(url, { protocolVersion: 5 })))
  onTestFinished(() => {
    for (const client of clients) client.end(true)
  })
  /** Whether clients of both listeners may publish there: the world, and the house. */
  const may = (topic: string): Promise<boolean[]> =>
    Promise.all(
      clients.map((client) =>
        client.publishAsync(topic, '', { qos: 1 }).then(
          () => true,
          () => false,
        ),
      ),
    )
  const reload = (next: string) => {
    writeFileSync(path, next)
    return broker.reload()
  }
  return { broker, may, reload }
}

const OWN = '    rules: [{ deny: publish, topic: "plant/#" }, { allow: publish, topic: w }]'
const ALL = 'acl: { rules: [{ allow: publish, topic: "plant/#" }] }'

test('a file of rules names listeners that there are, at the start, when it changes and when they do', async () => {
  const rules = (name: string) => `allow publish a\nallow publish plant/# listener ${name}\n`
  const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-'))
  const [path, acl] = [join(folder, 'broker.yaml'), join(folder, 'rules.acl')]
  const clock = new VirtualClock()
  const logger = new RecordingLogger()
  const failures = () => logger.lines.map(({ message }) => message).filter((text) => text.startsWith('acl: '))
  writeFileSync(path, file('', 'acl: { file: rules.acl }'))
  writeFileSync(acl, rules('huose'))
  await expect(started(path)).rejects.toThrow(
    `${acl}:2: there is no listener "huose" (did you mean "house"?)`,
  )
  writeFileSync(acl, rules('house'))
  const broker = await started(path, { stack: { logger, clock } })
  onTestFinished(async () => {
    await broker.close()
    rmSync(folder, { recursive: true })
  })
  await broker.listen()
  writeFileSync(acl, rules('garden'))
  await clock.advance(3_000)
  expect(failures()).toEqual([
    `acl: ${acl}:2: there is no listener "garden" (known: world, house); the rules stay as they were`,
  ])
  await expect(broker.reload()).rejects.toThrow('there is no listener "garden" (known: world, house)')
  writeFileSync(path, file('', 'acl: { file: rules.acl }').replace('house', 'garden'))
  expect(await broker.reload()).toEqual({ applied: ['listeners', 'acl'], kept: [] })
})

test('they stand before those of all, and hold for clients of that listener alone', async () => {
  const { may, broker } = await running(file(OWN, ALL))
  expect([await may('plant/a'), await may('w'), await may('x')]).toEqual([
    [false, true],
    [true, false],
    [false, false],
  ])
  const { reason } = await broker.explain({ user: 'alice', publish: 'plant/a', listener: 'world' })
  expect(reason).toBe('Acl: acl rule 1, broker.yaml:4: deny publish plant/# listener world')
})

test('a rule of the section that names the listener is the same', async () => {
  const rules =
    'acl: { rules: [{ deny: publish, topic: "#", listener: world }, { allow: publish, topic: "#" }] }'
  const { may } = await running(file('', rules))
  expect(await may('a')).toEqual([false, true])
})

test('other ones hold when the file is read again, and no listener is opened for them', async () => {
  const { broker, may, reload } = await running(file(OWN, ALL))
  const { addresses } = broker
  const other = '    rules: [{ deny: publish, topic: w }]'
  expect(await reload(file(other, ALL))).toEqual({ applied: ['acl'], kept: [] })
  expect([await may('plant/a'), await may('w')]).toEqual([
    [true, true],
    [false, false],
  ])
  expect(broker.addresses).toEqual(addresses)
})
