/** Messages of which each costs much. */
import { sleep } from '../load/traffic.ts'
import { PacketType, publish, subscribe } from '../mqtt/encode.ts'
import { attack } from './attack.ts'
import type { Scenario } from './scenario.ts'

const FILTERS = 1_000
const EMPTY = Buffer.alloc(0)

/** 1,000 filters that match every topic of `levels` levels x; `last` stands in the place of the last level. */
function overlapping(levels: number, last: string): string[] {
  return Array.from({ length: FILTERS }, (_, i) => {
    const words = Array.from({ length: levels - 1 }, (_, level) => ((i >> (level % 10)) & 1 ? '+' : 'x'))
    return [...words, last].join('/')
  })
}

function topic(levels: number, i: number): string {
  return [...new Array<string>(levels - 1).fill('x'), `t${i}`].join('/')
}

const deep: Scenario = attack({
  name: 'deep',
  about: '450 PUBLISHes in one chunk to topics of 64 levels that 1,000 filters match',
  strikes: { one: 'by one client', twenty: 'by 20 clients, again and again' },
  async run(field) {
    const [reader, writer] = await field.attackers(2, 'deep')
    await reader.subscribe(overlapping(64, '+'))
    const chunk = (from: number, count: number): Buffer =>
      Buffer.concat(
        Array.from({ length: count }, (_, i) => publish({ topic: topic(64, from + i), payload: EMPTY })),
      )
    await field.strike('one', async () => {
      writer.send(chunk(0, 450))
      await sleep(500)
    })
    const writers = await field.attackers(20, 'deep-writer')
    await field.strike('twenty', async () => {
      const end = performance.now() + field.seconds * 1_000
      for (let n = 1; performance.now() < end; n++) {
        for (const [i, each] of writers.entries()) each.send(chunk(1_000 * n + 20 * i, 20))
        await sleep(200)
      }
    })
  },
})

const identifiers: Scenario = attack({
  name: 'identifiers',
  about:
    '1,000 PUBLISHes in one chunk to a client with 1,000 overlapping subscription identifiers, none matched before',
  strikes: { wait: 'by one client' },
  async run(field) {
    const reader = field.attacker('reader', 5)
    await reader.connect()
    const filters = overlapping(12, '+')
    const answered = reader.next(PacketType.SUBACK, FILTERS)
    reader.send(Buffer.concat(filters.map((filter, i) => subscribe(i + 1, [filter], 0, 5, i + 1))))
    await answered
    const writer = field.attacker('writer')
    await writer.connect()
    await field.strike('wait', async () => {
      const all = Array.from({ length: 1_000 }, (_, i) => publish({ topic: topic(12, i), payload: EMPTY }))
      const came = reader.next(PacketType.PUBLISH, 1_000)
      writer.send(Buffer.concat(all))
      await Promise.race([came, sleep(10_000)])
    })
  },
})

const sessions = 32_000

const offline: Scenario = attack({
  name: 'offline',
  about: '32,000 stored sessions subscribed to x, then 1,000 empty PUBLISHes to it',
  strikes: { wait: 'while they are sent' },
  async run(field) {
    for (let i = 0; i < sessions; i += 64) {
      const some = Array.from({ length: 64 }, (_, n) => field.attacker(`offline-${i + n}`))
      await Promise.all(
        some.map(async (attacker) => {
          await attacker.connect({ clean: false })
          const answered = attacker.next(PacketType.SUBACK)
          attacker.send(subscribe(1, ['x'], 1, 4))
          await answered
          await attacker.leave()
        }),
      )
    }
    const [writer] = await field.attackers(1, 'writer')
    await field.strike('wait', async () => {
      const end = performance.now() + 20_000
      for (let i = 0; i < 1_000 && performance.now() < end && writer.isOpen; i += 10) {
        const acknowledged = writer.next(PacketType.PUBACK, 10)
        const some = Array.from({ length: 10 }, (_, n) => {
          return publish({ topic: 'x', payload: EMPTY, qos: 1, packetId: i + n + 1 })
        })
        writer.send(Buffer.concat(some))
        await acknowledged
      }
    })
  },
})

const deaf: Scenario = attack({
  name: 'deaf',
  about: '1,000 subscribers that do not read, 12 MB sent to them at QoS 0',
  strikes: { wait: 'while it is sent' },
  async run(field) {
    const all = await field.attackers(1_000, 'deaf')
    for (const attacker of all) {
      await attacker.subscribe(['deaf'])
      attacker.socket.pause()
    }
    const [writer] = await field.attackers(1, 'writer')
    await field.strike('wait', async () => {
      const payload = Buffer.alloc(12_000)
      for (let i = 0; i < 1_000; i++) await writer.sent(publish({ topic: 'deaf', payload }))
    })
  },
})

export const messageAttacks: readonly Scenario[] = [deep, identifiers, offline, deaf]
