import assert from 'node:assert/strict'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

const MANY = Array.from({ length: 20 }, (_, i) => String(i))

export const sharedSubscriptions: Chapter = chapter('shared subscriptions', undefined, (check) => {
  check('one member of each group gets a message, besides ordinary subscriptions', async (bench) => {
    for (const [clientId, filter] of [
      ['g1', '$share/g/t'],
      ['g2', '$share/g/t'],
      ['h1', '$share/h/t'],
      ['h2', '$share/h/#'],
      ['plain', 't'],
    ])
      await (await bench.open(clientId)).subscribe(filter)
    for (const payload of MANY) assert.equal((await bench.relay({ payload })).matched, 4)
    const { forwards } = bench
    assert.deepEqual([...forwards.payloads('g1'), ...forwards.payloads('g2')].sort(), [...MANY].sort())
    for (const alone of ['h1', 'h2', 'plain']) assert.deepEqual(forwards.payloads(alone), MANY)
  })

  check('a member who is connected comes before those who are away', async (bench) => {
    await bench.openAway('away', '$share/g/t')
    await bench.openAway('away too', '$share/g/t')
    await (await bench.open('here')).subscribe('$share/g/t')
    for (const payload of MANY) await bench.relay({ payload })
    assert.deepEqual(bench.forwards.payloads('here'), MANY)
  })

  check('a message waits for a member who is away where nobody is connected', async (bench) => {
    await bench.openAway('away', '$share/g/t')
    assert.equal((await bench.relay()).queued, 1)
    const [message] = await (await bench.open('away')).log()
    assert.deepEqual(message.share, { group: 'g', filter: 't' })
  })

  check('a group ends by the filter that it was made with, member by member', async (bench) => {
    const one = await bench.open('one')
    await one.subscribe('$share/g/t')
    await one.subscribe('t')
    assert.equal(await one.unsubscribe('$share/g/t'), true)
    assert.equal(await one.unsubscribe('$share/g/t'), false)
    assert.equal((await bench.relay()).matched, 1)
  })
})
