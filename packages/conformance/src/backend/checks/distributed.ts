import assert from 'node:assert/strict'
import { numbered, relayAll, until } from '../brokers.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

export const distributed: Chapter = chapter('several brokers', 'distributed', (check) => {
  for (const qos of [0, 1, 2] as const)
    check(
      `at QoS ${qos} a message comes to the clients of all brokers, once to each and in order`,
      async (bench) => {
        const [other, third] = [await bench.join(), await bench.join()]
        const brokers = [bench, other, third]
        for (const [i, broker] of brokers.entries())
          await (await broker.open(`client ${i}`)).subscribe('t', { qos })
        const sent = brokers.map((_, i) => numbered(`${i}`, 20))
        await Promise.all(brokers.map((broker, i) => relayAll(broker, sent[i], { qos })))
        for (const [i, broker] of brokers.entries()) {
          await until(bench, 'all have come', () => broker.forwards.to(`client ${i}`).length >= 60)
          const got = broker.forwards.payloads(`client ${i}`)
          for (const [from, payloads] of sent.entries())
            assert.deepEqual(
              got.filter((payload) => payload.startsWith(`${from}-`)),
              payloads,
            )
          assert.equal(got.length, 60)
        }
      },
    )

  check('what is relayed at one broker behind a subscription at another comes', async (bench) => {
    const other = await bench.join()
    const here = await bench.open('here')
    const topics = numbered('t', 20)
    for (const topic of topics) {
      await here.subscribe(topic)
      const { matched } = await other.relay({ topic, payload: topic })
      assert.ok(matched > 0, `nobody is said to have subscribed to ${topic}`)
    }
    await until(bench, 'all have come', () => bench.forwards.all.length >= topics.length)
    assert.deepEqual(bench.forwards.payloads('here'), topics)
  })

  check('a subscription that ended is none for other brokers either, in the end', async (bench) => {
    const other = await bench.join()
    const here = await bench.open('here')
    await here.subscribe('t')
    assert.equal((await other.relay()).matched, 1)
    await here.unsubscribe('t')
    await until(bench, 'nobody is subscribed', async () => (await other.relay()).matched === 0)
  })

  check('with no local a client gets what another broker relayed, and not its own', async (bench) => {
    const other = await bench.join()
    const here = await bench.open('here')
    await here.subscribe('t', { nl: true })
    await bench.relay({ payload: 'own', from: here })
    await other.relay({ payload: 'of another' })
    await until(bench, 'it has come', () => bench.forwards.all.length > 0)
    assert.deepEqual(bench.forwards.payloads('here'), ['of another'])
  })

  check('a message that is stored for many sessions of a broker is in each log once', async (bench) => {
    const other = await bench.join()
    const clients = numbered('away', 30)
    for (const clientId of clients) await other.openAway(clientId, 't', '#')
    await relayAll(bench, ['1', '2'])
    await until(
      bench,
      'it is stored',
      async () => (await bench.relay({ topic: 'last', payload: '3' })).matched > 0,
    )
    for (const clientId of clients) {
      const session = await other.open(clientId)
      await until(bench, 'all are there', async () => (await session.log()).length >= 3)
      assert.deepEqual(await session.payloads(), ['1', '2', '3'])
    }
  })

  check('a message of a shared subscription goes to one member in all brokers', async (bench) => {
    const other = await bench.join()
    for (const [i, broker] of [bench, other, bench, other].entries())
      await (await broker.open(`member ${i}`)).subscribe('$share/g/t')
    await (await other.open('plain')).subscribe('t')
    await until(bench, 'both know', async () => (await bench.relay({ topic: 'none' })).matched === 0)
    const sent = [numbered('here', 20), numbered('there', 20)]
    await Promise.all([relayAll(bench, sent[0]), relayAll(other, sent[1])])
    const got = (): string[] =>
      [bench, other].flatMap(({ forwards }) =>
        forwards.all.filter(({ clientId }) => clientId.startsWith('member')).map(({ payload }) => payload),
      )
    await until(bench, 'all have come', () => got().length >= 40 && other.forwards.to('plain').length >= 40)
    assert.deepEqual(got().sort(), sent.flat().sort())
    assert.deepEqual(other.forwards.payloads('plain').sort(), sent.flat().sort())
  })

  check(
    'a member who is connected to another broker comes before those who are away at this one',
    async (bench) => {
      const other = await bench.join()
      await bench.openAway('away', '$share/g/t')
      await (await other.open('there')).subscribe('$share/g/t')
      const sent = numbered('m', 10)
      await relayAll(bench, sent)
      await until(bench, 'all have come', () => other.forwards.all.length >= sent.length)
      assert.deepEqual(other.forwards.payloads('there'), sent)
      assert.deepEqual(await (await bench.open('away')).payloads(), [])
    },
  )

  check(
    'what one broker tells the others comes to all of them, or to the one that is named',
    async (bench) => {
      const others = [await bench.join(), await bench.join()]
      const { nodes } = await bench.call('tellNodes', { subject: 'check', text: 'to all: ü' })
      assert.equal(nodes.length, 2)
      await until(bench, 'all have heard it', () => others.every(({ told }) => told.length > 0))
      const [first, second] = others.map(({ told }) => told[0])
      assert.deepEqual([first?.subject, first?.text], ['check', 'to all: ü'])
      assert.deepEqual(second, first)
      const to = first?.node ?? ''
      assert.deepEqual(await others[0].call('tellNodes', { subject: 'check', text: 'back', to }), {
        nodes: [to],
      })
      await until(bench, 'it is answered', () => bench.told.length > 0)
      assert.ok(nodes.includes(bench.told[0]?.node ?? ''), 'who answers is none of those that were told')
      assert.deepEqual([bench.told.length, others[0].told.length, others[1].told.length], [1, 1, 1])
    },
  )

  check('a retained message is found at every broker as soon as it is stored at one', async (bench) => {
    const [other, third] = [await bench.join(), await bench.join()]
    const brokers = [bench, other, third]
    for (let i = 0; i < 9; i++) {
      await brokers[i % 3].retain('t', { payload: `${i}` })
      const found = await brokers[(i + 1) % 3].retained('#')
      assert.deepEqual(
        found.map(({ packet }) => packet.payload.toString()),
        [`${i}`],
      )
    }
    await bench.retain('t', { payload: '' })
    assert.deepEqual(await other.retained('#'), [])
  })

  check('of retained messages that are stored at once all brokers have the same', async (bench) => {
    const [other, third] = [await bench.join(), await bench.join()]
    const brokers = [bench, other, third]
    await Promise.all(
      brokers.flatMap((broker, b) => numbered(`${b}`, 10).map((payload) => broker.retain('t', { payload }))),
    )
    const found = await Promise.all(brokers.map((broker) => broker.retained('t')))
    const payloads = found.map(([message]) => message.packet.payload.toString())
    assert.equal(new Set(payloads).size, 1)
    const late = await bench.join()
    assert.equal((await late.retained('t'))[0].packet.payload.toString(), payloads[0])
  })

  check(
    'nothing is left where all sessions have ended and all retained messages were cleared',
    async (bench) => {
      const other = await bench.join()
      const brokers = [bench, other]
      const round = async (name: string, count: number): Promise<void> => {
        for (let i = 0; i < count; i++) {
          const session = await brokers[i % 2].open(`${name} ${i}`, {
            cleanStart: true,
            will: { topic: 'will' },
          })
          await session.subscribe(`${name}/${i % 3}`, { qos: 2 })
          await session.subscribe(`$share/g/${name}/${i % 3}`)
          await session.hold(i + 1)
          await brokers[i % 2].retain(`${name}/${i % 3}`, { payload: `${i}` })
          await brokers[(i + 1) % 2].relay({ topic: `${name}/${i % 3}`, qos: 2, payload: `${i}` })
        }
        for (let i = 0; i < count; i++) {
          // Each goes on at the other broker, and ends there.
          const session = await brokers[(i + 1) % 2].open(`${name} ${i}`)
          await session.acknowledge(await session.log())
          await session.leave(0)
        }
        for (let i = 0; i < 3; i++) await other.retain(`${name}/${i}`, { payload: '' })
      }
      const left = (): string => JSON.stringify(bench.service.left())
      await round('one', 4)
      let before = ''
      const isQuiet = async (): Promise<boolean> => {
        const now = JSON.stringify(await bench.service.left())
        const same = now === before
        before = now
        return same
      }
      await until(bench, 'all is removed', isQuiet)
      const { names = 0, retained = 0 } = await bench.service.left()
      assert.deepEqual({ names, retained }, { names: 0, retained: 0 })
      const once = before
      await round('two', 30)
      await until(bench, `no more is left than behind one round, ${once}, not ${left()}`, async () => {
        return JSON.stringify(await bench.service.left()) === once
      })
    },
  )
})
