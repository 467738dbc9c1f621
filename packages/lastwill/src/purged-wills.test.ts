/** Wills that are purged: those that wait for their delay, and those of clients that are connected. */
import type { Context } from '@mqtt-stack/core'
import type { ConnectOptions } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { BACKENDS } from '../../../test/rig/backends.ts'
import { broker5 } from '../../../test/rig/broker.ts'
import { messagesOf } from '../../../test/rig/bytes.ts'
import { everybody } from '../../../test/rig/everybody.ts'

const connect = (clientId: string, username: string, topic: string, delay: number): ConnectOptions => ({
  clientId,
  username,
  properties: { sessionExpiryInterval: 600 },
  will: {
    topic,
    payload: Buffer.from(clientId),
    qos: 1,
    retain: false,
    properties: { willDelayInterval: delay },
  },
})

describe.each(BACKENDS)('wills that are purged, with %s', (_name, backend) => {
  const given = async () => {
    const test = broker5({ backend: backend(), use: [{ middleware: everybody, after: 'authentication' }] })
    const drops: string[] = []
    test.broker.on('messageDropped', ({ clientId, reason }) => void drops.push(`${clientId} ${reason}`))
    const watcher = await test.client({ clientId: 'watcher' })
    await watcher.subscribe('#', { qos: 1 })
    const open = [
      await test.client(connect('eve', 'mallory', 'gone/eve', 10)),
      await test.client(connect('joe', 'joe', 'gone/joe', 10)),
      await test.client(connect('mel', 'mallory', 'gone/mel', 10)),
      await test.client(connect('liv', 'mallory', 'gone/liv', 0)),
      await test.client(connect('lou', 'lou', 'gone/lou', 0)),
    ]
    for (const one of open.slice(0, 3)) await one.drop()
    await test.seconds(1)
    const purge = (ctx: Context<'purgeMessages'>) => {
      const purged = test.broker.stack.call('purgeMessages', ctx)
      // A store that is late answers as time goes by.
      return Promise.all([purged, test.seconds(2)]).then(([counts]) => counts)
    }
    const heard = async (): Promise<string[]> => {
      for (const one of open.slice(3)) await one.drop()
      await test.seconds(12)
      return messagesOf(watcher).toSorted()
    }
    return { drops, purge, heard }
  }

  it('by author are published no more, nor those of its clients that are connected', async () => {
    const { drops, purge, heard } = await given()
    expect(await purge({ author: { identity: 'mallory' } })).toEqual({ waiting: 0, retained: 0, wills: 3 })
    expect(drops.toSorted()).toEqual(['eve purged', 'liv purged', 'mel purged'])
    expect(await heard()).toEqual(['gone/joe joe q1', 'gone/lou lou q1'])
  })

  it.each<[string, Context<'purgeMessages'>, string[]]>([
    ['filter', { filter: 'gone/+' }, []],
    ['filter', { filter: 'gone/eve' }, ['joe', 'liv', 'lou', 'mel']],
    ['client of the author', { author: { clientId: 'liv' } }, ['eve', 'joe', 'lou', 'mel']],
    [
      'what somebody says of each',
      {
        only: 'wills',
        where: ({ packet, publisher }) => `${packet.topic} ${publisher?.clientId}` === 'gone/mel mel',
      },
      ['eve', 'joe', 'liv', 'lou'],
    ],
    ['kind, where it is another', { filter: '#', only: 'retained' }, ['eve', 'joe', 'liv', 'lou', 'mel']],
    ['receiver: none', { clientId: 'watcher' }, ['eve', 'joe', 'liv', 'lou', 'mel']],
    ['no term: none', { only: 'wills' }, ['eve', 'joe', 'liv', 'lou', 'mel']],
  ])('by %s %o leave %s', async (_case, terms, left) => {
    const { purge, heard } = await given()
    expect((await purge(terms)).wills).toBe(5 - left.length)
    expect(await heard()).toEqual(left.map((name) => `gone/${name} ${name} q1`))
  })
})
