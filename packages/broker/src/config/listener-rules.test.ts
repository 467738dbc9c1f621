/** Rules under a listener: a real broker of a file, and MQTT.js. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, onTestFinished, test } from 'vitest'
import { createBrokerFrom } from '../create-broker-from.ts'

const QUIET = { error() {}, warn() {}, info() {}, debug() {} }

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
