/** A service whose certificate is of a company's own authority. */
import { copyFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { httpBroker, refusal } from '../../../test/rig/http-auth.ts'
import { secureService } from '../../../test/support/secure-service.ts'
import { HttpAuth } from './index.ts'

const AWAY = [0x88, 'the service that knows clients does not answer']

describe('a service with a certificate that Node does not know', () => {
  test('is not believed', async () => {
    const { origin } = await secureService({ result: 'allow' })
    const { tries, logger } = await httpBroker({ origin })
    expect(refusal(await tries())).toEqual(AWAY)
    expect(logger.lines.map(({ message }) => message)).toContain(
      `HttpAuth: ${origin}/connect does not answer: UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
    )
  })

  test('is believed where a file has its authority, and no other', async () => {
    const { origin, caFile, otherFile } = await secureService({ result: 'allow' })
    expect(refusal(await (await httpBroker({ origin }, { caFile })).tries())[0]).toBe(0)
    expect(refusal(await (await httpBroker({ origin }, { caFile: otherFile })).tries())).toEqual(AWAY)
  })

  test('is believed as soon as the file has its authority', async () => {
    const { origin, caFile, otherFile } = await secureService({ result: 'allow' })
    const { tries, seconds } = await httpBroker({ origin }, { caFile: otherFile })
    expect(refusal(await tries())).toEqual(AWAY)
    copyFileSync(caFile, otherFile)
    await seconds(2)
    expect(refusal(await tries())[0]).toBe(0)
  })
})

test('a file that is not there is named', () => {
  expect(() => new HttpAuth({ authenticate: 'https://a/b', caFile: '/no/such' })).toThrow(
    'HttpAuth: the file of option "caFile" (/no/such) cannot be read: there is no such file',
  )
})
