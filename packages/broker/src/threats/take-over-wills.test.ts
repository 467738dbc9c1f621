/** The will of a connection that is taken over, by versions, session expiry, delay and clean start: the whole matrix. */
import { describe, expect, test } from 'vitest'
import { broker5 } from '../../../../test/rig/broker.ts'

const OLDER = [3, 4, 5] as const
const EXPIRIES = [0, 10, 0xffff_ffff]
const DELAYS = [0, 5, 20]

interface TakeOver {
  readonly older: 3 | 4 | 5
  readonly newer: 3 | 4 | 5
  /** Seconds; before 5.0 a session that is not clean outlives its connection. */
  readonly expiry: number
  /** Seconds; there is none before 5.0. */
  readonly delay: number
  readonly clean: boolean
}

const MATRIX: readonly TakeOver[] = OLDER.flatMap((older) =>
  OLDER.flatMap((newer) =>
    EXPIRIES.flatMap((expiry) =>
      (older === 5 ? DELAYS : [0]).flatMap((delay) =>
        [true, false].map((clean) => ({ older, newer, expiry, delay, clean })),
      ),
    ),
  ),
)

/** Only a will that waits for a session that goes on is not published [MQTT-3.1.3-9]; all others are, before CONNACK. */
const isPublished = ({ expiry, delay, clean }: TakeOver): boolean => Math.min(expiry, delay) === 0 || clean

// EMQX #10551 and #18565, Mosquitto #3505.
describe.each(OLDER)('the will of a client of version %i', (older) => {
  const cases = MATRIX.filter((one) => one.older === older)
  test.each(cases)(
    'taken over by version $newer, expiry $expiry s, delay $delay s, clean start $clean',
    async (takeOver) => {
      const { newer, expiry, delay, clean } = takeOver
      const { client, seconds } = broker5()
      const watcher = await client({ clientId: 'watcher' })
      await watcher.subscribe('gone', { qos: 2 })
      const own = { sessionExpiryInterval: expiry }
      const will = { topic: 'gone', payload: Buffer.from('old'), qos: 1, retain: false } as const
      await client({
        clientId: 'alice',
        protocolVersion: older,
        clean: older === 5 || expiry === 0,
        will: older === 5 ? { ...will, properties: { willDelayInterval: delay } } : will,
        ...(older === 5 && { properties: own }),
      })
      await client({
        clientId: 'alice',
        protocolVersion: newer,
        clean,
        ...(newer === 5 && { properties: own }),
      })
      const heard = (): number => watcher.received.filter(({ cmd }) => cmd === 'publish').length
      await seconds(0)
      expect(heard()).toBe(isPublished(takeOver) ? 1 : 0)
      await seconds(60)
      expect(heard()).toBe(isPublished(takeOver) ? 1 : 0)
    },
  )
})
