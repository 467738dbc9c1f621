/** Acknowledgements that do not answer what is in flight, for sessions with a log and without. */
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { defaultStack } from '../../../test/rig/default-stack.ts'

type Answer = 'puback' | 'pubrec' | 'pubcomp'

interface Case {
  qos: 1 | 2
  /** The answers that are right, and the one that is not. */
  before: readonly Answer[]
  wrong: Answer
  reasonCode?: number
}

const CASES: readonly Case[] = [
  { qos: 1, before: [], wrong: 'pubrec' },
  { qos: 1, before: [], wrong: 'pubcomp' },
  { qos: 2, before: [], wrong: 'puback' },
  { qos: 2, before: [], wrong: 'pubcomp' },
  { qos: 2, before: ['pubrec'], wrong: 'puback' },
  { qos: 2, before: ['pubrec'], wrong: 'pubrec', reasonCode: 0x97 },
]

describe.each(BACKENDS)('on a backend %s', (_name, backend) => {
  describe.each([
    ['a session that ends with its connection', true],
    ['a session that is kept', false],
  ])('%s', (_session, clean) => {
    it.each(CASES)(
      'QoS $qos, after $before: a wrong $wrong ends the connection',
      async ({ qos, before, wrong, reasonCode }) => {
        for (const protocolVersion of [4, 5] as const) {
          if (reasonCode !== undefined && protocolVersion < 5) continue
          const { client, settle } = await defaultStack({ backend })
          const properties = protocolVersion === 5 && !clean ? { sessionExpiryInterval: 60 } : undefined
          const one = await client({ clean, protocolVersion, properties, autoAck: false })
          await one.subscribe('t', { qos })
          const publisher = await client()
          await publisher.publish('t', 'hello', { qos })
          const { messageId } = await one.next('publish')
          for (const answer of before) one.send({ cmd: answer, messageId })
          if (before.length > 0) await one.next('pubrel')
          one.send({ cmd: wrong, messageId, ...(reasonCode !== undefined && { reasonCode }) })
          await settle()
          expect(one.stream.destroyed || one.stream.readableEnded).toBe(true)
          const last = one.received.at(-1)
          if (protocolVersion === 5) expect(last).toMatchObject({ cmd: 'disconnect', reasonCode: 0x82 })
          else expect(last?.cmd).not.toBe('disconnect')
        }
      },
    )
  })
})
