/** What connections leave behind, by counts; `npm run fuzz` weighs it. */
import { expect, onTestFinished, test } from 'vitest'
import { declareHuge, sendRound, TRAFFIC } from './plateaus.ts'
import { Stand } from './stand.ts'

test.each(Object.entries(TRAFFIC))('%s leave nothing', async (_name, traffic) => {
  const stand = await Stand.open()
  onTestFinished(() => stand.close())
  // Connections, sessions, subscriptions, messages, retained messages and timers are counted by the stand.
  await sendRound(stand, traffic, 500)
  expect(stand.served).toBe(500)
})

test('connections that declare 256 MB and send five bytes cost what they sent', async () => {
  const { open } = await declareHuge(300)
  // Nothing forces a collection here; what was declared would be thousands of times more.
  expect(open).toBeLessThan(200_000)
})
