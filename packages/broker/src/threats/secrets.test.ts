/** What a client proves itself with is in no line of the log, and in no error, whatever becomes of it. */
import { inspect } from 'node:util'
import type { MiddlewareLike } from '@mqtt-stack/core'
import { RecordingLogger } from '@mqtt-stack/testing'
import { expect, test } from 'vitest'
import { memoryClient, testBroker } from '../../../../test/rig/broker.ts'
import { logTraffic } from '../log-traffic.ts'

const SECRET = 'hunter2-and-more'

/** Lets in alice with the secret, and fails at some others. */
const provider: MiddlewareLike = {
  name: 'Provider',
  authenticateConnection({ username, password }, store) {
    if (username === 'broken') throw new Error('no database')
    if (username !== 'nobody') store.valid = String(password) === SECRET && username === 'alice'
  },
  authenticateExchange(_ctx, store) {
    store.state = 'failure'
  },
}

test.each([3, 4, 5] as const)('a password of version %i', async (protocolVersion) => {
  const logger = new RecordingLogger()
  const broker = testBroker({ use: [provider], authorize: false, stack: { logger } })
  logTraffic(broker, logger)
  for (const username of ['alice', 'broken', 'nobody', 'mallory'])
    await memoryClient(broker, { clientId: username, protocolVersion }).connect({
      username,
      password: SECRET,
    })
  expect(logger.lines.length).toBeGreaterThan(3)
  expect(inspect(logger.lines, { depth: 8 })).not.toContain(SECRET)
})

test('the data of an enhanced authentication', async () => {
  const logger = new RecordingLogger()
  const broker = testBroker({ use: [provider], authorize: false, stack: { logger } })
  logTraffic(broker, logger)
  const properties = { authenticationMethod: 'PLAIN', authenticationData: Buffer.from(SECRET) }
  const connack = await memoryClient(broker, { protocolVersion: 5 }).connect({ properties })
  expect(connack.reasonCode).toBeGreaterThan(0x7f)
  const shown = inspect(logger.lines, { depth: 8, maxArrayLength: null })
  expect(shown).not.toContain(SECRET)
  expect(shown).not.toContain(inspect(Buffer.from(SECRET)).slice(8, 30))
})
