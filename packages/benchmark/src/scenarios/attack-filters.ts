/** Filters that match much, and sessions that hold many of them. */
import type { Attacker } from '../load/attacker.ts'
import { sleep } from '../load/traffic.ts'
import { PacketType, publish, subscribe } from '../mqtt/encode.ts'
import type { Field } from './attack.ts'
import { attack } from './attack.ts'
import type { Scenario } from './scenario.ts'

const TOPICS = 10_000
const FILTERS = Array.from({ length: 1_000 }, (_, i) => `+/x${i}`)
const SESSIONS = 20

/** Topics that the broker remembers the receivers of: it has seen each twice. */
async function rememberTopics(field: Field): Promise<void> {
  const publisher = field.attacker('busy')
  await publisher.connect()
  const payload = Buffer.alloc(0)
  const all = Buffer.concat(
    Array.from({ length: TOPICS }, (_, i) => publish({ topic: `device${i}/x`, payload })),
  )
  for (let i = 0; i < 3; i++) await publisher.sent(all)
  await field.calm()
}

async function sleeper(field: Field, i: number): Promise<Attacker> {
  const attacker = field.attacker(`sleeper-${i}`)
  await attacker.connect({ clean: false })
  await attacker.subscribe(FILTERS)
  return attacker
}

const filters: Scenario = attack({
  name: 'filters',
  about: '1,000 filters +/xN of one client, 10,000 topics remembered',
  strikes: {
    packet: 'in one SUBSCRIBE',
    packets: 'as 1,000 SUBSCRIBEs in one chunk',
    end: 'DISCONNECT of that client',
    resume: 'such a session resumed',
  },
  async run(field) {
    await rememberTopics(field)
    const [one, many] = await field.attackers(2, 'filters')
    await field.strike('packet', () => one.subscribe(FILTERS))
    const chunk = Buffer.concat(FILTERS.map((filter, i) => subscribe(i + 1, [filter], 0, 4)))
    await field.strike('packets', async () => {
      many.send(chunk)
      await many.next(PacketType.SUBACK, FILTERS.length)
    })
    await field.strike('end', () => many.leave())
    const sleepy = await sleeper(field, 0)
    await sleepy.leave()
    await field.strike('resume', () => sleepy.connect({ clean: false }))
  },
})

const reconnect: Scenario = attack({
  name: 'reconnect',
  about: '20 clients with sessions of 1,000 filters +/xN reconnect all the time, 10,000 topics remembered',
  strikes: { wait: 'while they do' },
  async run(field) {
    await rememberTopics(field)
    const all: Attacker[] = []
    for (let i = 0; i < SESSIONS; i++) all.push(await sleeper(field, i))
    await field.strike('wait', async () => {
      const end = performance.now() + field.seconds * 1_000
      await Promise.all(
        all.map(async (attacker) => {
          while (performance.now() < end) {
            await attacker.leave()
            await attacker.connect({ clean: false })
          }
        }),
      )
    })
  },
})

const repeated: Scenario = attack({
  name: 'repeated',
  about: 'filters +/x repeated in one SUBSCRIBE, over retained messages',
  strikes: {
    many: '2,000 of them, 100,000 retained',
    tooMany: '170,000 of them (1 MB)',
  },
  async run(field) {
    await retain(field, 100_000)
    for (const [key, count] of [
      ['many', 2_000],
      ['tooMany', 170_000],
    ] as const) {
      const attacker = field.attacker(`repeated-${count}`)
      await attacker.connect()
      await field.strike(key, async () => {
        attacker.send(subscribe(1, new Array<string>(count).fill('+/x'), 0, 4))
        await Promise.race([attacker.next(PacketType.SUBACK), sleep(10_000)])
      })
    }
  },
})

/** Retained messages at `device0/y`, … */
export async function retain(field: Field, count: number): Promise<void> {
  const publisher = field.attacker('retainer')
  await publisher.connect()
  const payload = Buffer.from('on')
  for (let i = 0; i < count; i += 1_000) {
    const part = Array.from({ length: 1_000 }, (_, n) =>
      publish({ topic: `device${i + n}/y`, payload, retain: true }),
    )
    await publisher.sent(Buffer.concat(part))
  }
  await field.calm()
}

const expire: Scenario = attack({
  name: 'expire',
  about: 'sessions whose time is over together, 10,000 topics remembered',
  strikes: { filters: '20 sessions of 1,000 filters +/xN', plain: '8,000 plain ones' },
  async run(field) {
    await rememberTopics(field)
    for (const [key, count, filters] of [
      ['filters', SESSIONS, FILTERS],
      ['plain', 8_000, undefined],
    ] as const) {
      const all = Array.from({ length: count }, (_, i) => field.attacker(`${key}-${i}`, 5))
      for (const attacker of all) {
        await attacker.connect({ clean: true, sessionExpiry: 2 })
        if (filters !== undefined) await attacker.subscribe(filters)
      }
      await Promise.all(all.map((attacker) => attacker.break()))
      await field.strike(key, () => sleep(4_000))
    }
  },
})

export const filterAttacks: readonly Scenario[] = [filters, reconnect, repeated, expire]
