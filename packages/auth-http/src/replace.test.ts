/** Other options while it runs. */
import { expect, test } from 'vitest'
import { allow, deny, httpBroker } from '../../../test/rig/http-auth.ts'
import type { PlainAnswer } from '../../../test/support/web-service.ts'
import { webService } from '../../../test/support/web-service.ts'

test('another service is asked from then on, and what the one before said is forgotten', async () => {
  const [one, other] = [await webService(allow), await webService(deny)]
  const { auth, tries, broker } = await httpBroker(one)
  expect(await tries()).toMatchObject({ reasonCode: 0 })
  expect(await tries({ clientId: 'other' })).toMatchObject({ reasonCode: 0 })
  await auth.replace({ authenticate: `${other.origin}/connect` })
  expect(await tries()).toMatchObject({ reasonCode: 0x86 })
  expect([one.asked.length, other.asked.length]).toEqual([2, 1])
  // Nobody was dropped.
  expect([...broker.stack.clients].map(({ id }) => id)).toEqual(['lamp', 'other'])
})

test('what was asked of the service before is answered by it', async () => {
  let go: () => void = () => {}
  const slow: PlainAnswer = (response) => {
    go = () => allow(response)
  }
  const [one, other] = [await webService(slow), await webService(deny)]
  const { auth, tries } = await httpBroker(one)
  const waiting = tries()
  await one.came(1)
  await auth.replace({ authenticate: `${other.origin}/connect` })
  go()
  expect(await waiting).toMatchObject({ reasonCode: 0 })
  expect(other.asked).toEqual([])
})

test('what it is asked may come and go', async () => {
  const service = await webService(allow)
  const { auth, broker } = await httpBroker(service)
  const url = `${service.origin}/x`
  const answers = () =>
    (['authenticateConnection', 'authorizePacket'] as const).map((name) => auth[name] !== undefined)
  expect(answers()).toEqual([true, false])
  await auth.replace({ authenticate: url, authorize: url })
  expect([answers(), broker.stack.answers('authorizePacket')]).toEqual([[true, true], true])
  await auth.replace({ authorize: url })
  expect(answers()).toEqual([false, true])
})

test('what is wrong changes nothing', async () => {
  const service = await webService(allow)
  const { auth, tries } = await httpBroker(service)
  await expect(auth.replace({})).rejects.toThrow(
    'HttpAuth: give at least one of the options "authenticate" and "authorize"',
  )
  expect(await tries()).toMatchObject({ reasonCode: 0 })
})
