/** What clients would have the broker keep. */
import { renegotiations } from '../load/renegotiate.ts'
import { sleep } from '../load/traffic.ts'
import { PacketType, publish, variableLength } from '../mqtt/encode.ts'
import type { Field } from './attack.ts'
import { attack } from './attack.ts'
import { retain } from './attack-filters.ts'
import type { Scenario } from './scenario.ts'

const EMPTY = Buffer.alloc(0)

const retainedReaders: Scenario = attack({
  name: 'retained',
  about: 'SUBSCRIBE # over 100,000 retained messages',
  strikes: { deaf: 'by 50 clients that do not read', again: '200 times by one that reads' },
  async run(field) {
    await retain(field, 100_000)
    const deaf = await field.attackers(50, 'deaf')
    await field.strike('deaf', async () => {
      for (const attacker of deaf) {
        await attacker.subscribe(['#'])
        attacker.socket.pause()
      }
      await sleep(1_000)
    })
    for (const attacker of deaf) void attacker.break()
    const [eager] = await field.attackers(1, 'eager')
    await field.strike('again', async () => {
      for (let i = 0; i < 200; i++) await Promise.race([eager.subscribe(['#']), sleep(1_000)])
      await sleep(3_000)
      await eager.break()
    })
  },
})

/** Publishes one after the other at QoS 1, until all are there or the time is over. */
async function publishAll(
  field: Field,
  id: string,
  count: number,
  message: (i: number) => { readonly topic: string; readonly payload: Buffer },
): Promise<void> {
  const end = performance.now() + 20_000
  const [writer] = await field.attackers(1, id)
  for (let i = 0; i < count && writer.isOpen && performance.now() < end; i++) {
    const acknowledged = writer.next(PacketType.PUBACK)
    writer.send(publish({ ...message(i), qos: 1, retain: true, packetId: (i % 65_535) + 1 }))
    await acknowledged
  }
}

const topics: Scenario = attack({
  name: 'topics',
  about: '20,000 retained messages with long topics of one length',
  strikes: { longest: '65,535 bytes each', long: '4,096 bytes each' },
  async run(field) {
    for (const [key, length] of [
      ['longest', 65_535],
      ['long', 4_096],
    ] as const) {
      await field.strike(key, () =>
        publishAll(field, key, 20_000, (i) => {
          return { topic: `${key}/${String(i).padStart(5, '0')}/`.padEnd(length, 'x'), payload: EMPTY }
        }),
      )
    }
  },
})

const payloads: Scenario = attack({
  name: 'payloads',
  about: '500 retained messages of a megabyte',
  strikes: { wait: 'while they are sent' },
  async run(field) {
    const payload = Buffer.alloc(1_048_000)
    await field.strike('wait', () =>
      publishAll(field, 'payloads', 500, (i) => ({ topic: `large/${i}`, payload })),
    )
  },
})

const wills: Scenario = attack({
  name: 'wills',
  about: '2,000 wills of 65 kB that wait seven days, their clients gone',
  strikes: { wait: 'while they are left' },
  async run(field) {
    const payload = Buffer.alloc(65_000)
    await field.strike('wait', async () => {
      for (let i = 0; i < 2_000; i++) {
        const attacker = field.attacker(`will-${i}`, 5)
        await attacker.connect({
          sessionExpiry: 604_800,
          will: { topic: `will/${i}`, payload, delay: 604_800 },
        })
        await attacker.break()
      }
    })
  },
})

const pubrel: Scenario = attack({
  name: 'pubrel',
  about: '20 stored sessions with 65,535 QoS 2 identifiers that await PUBREL',
  strikes: { wait: 'while they are sent' },
  async run(field) {
    const chunks = Array.from({ length: 66 }, (_, part) => {
      const ids = Array.from({ length: 1_000 }, (_, i) => part * 1_000 + i + 1).filter((id) => id < 65_536)
      return Buffer.concat(ids.map((packetId) => publish({ topic: 'q', payload: EMPTY, qos: 2, packetId })))
    })
    await field.strike('wait', async () => {
      const end = performance.now() + 20_000
      for (let i = 0; i < 20 && performance.now() < end; i++) {
        const attacker = field.attacker(`pubrel-${i}`)
        await attacker.connect({ clean: false })
        for (const chunk of chunks) await attacker.sent(chunk)
        await attacker.leave()
      }
    })
  },
})

const unfinished: Scenario = attack({
  name: 'unfinished',
  about: '500 connections, each with a megabyte of a PUBLISH that does not end',
  strikes: { wait: 'while it is sent' },
  async run(field) {
    const length = 1_048_000
    const head = Buffer.from([0x30, ...variableLength(length), 0, 1, 0x78])
    const part = Buffer.concat([head, Buffer.alloc(length - 100)])
    const all = await field.attackers(500, 'unfinished')
    await field.strike('wait', async () => {
      for (const attacker of all) await attacker.sent(part)
      await sleep(1_000)
    })
  },
})

const manySessions: Scenario = attack({
  name: 'sessions',
  about: 'as many stored sessions from one address as come in 15 s',
  strikes: { wait: 'while they come' },
  async run(field) {
    await field.strike('wait', async () => {
      const end = performance.now() + 15_000
      let count = 0
      const comeAndGo = async (): Promise<void> => {
        while (performance.now() < end) {
          const attacker = field.attacker(`session-${count++}`)
          await attacker.connect({ clean: false })
          await attacker.break()
        }
      }
      await Promise.all(Array.from({ length: 16 }, comeAndGo))
    })
  },
})

const tls: Scenario = attack({
  name: 'tls',
  about: '1,650 TLS renegotiations on one connection',
  transport: 'tls',
  strikes: { wait: 'while it asks for them' },
  async run(field) {
    await field.strike('wait', () => renegotiations(field.target.port, 1_650, 5_000))
  },
})

export const memoryAttacks: readonly Scenario[] = [
  retainedReaders,
  topics,
  payloads,
  wills,
  pubrel,
  unfinished,
  manySessions,
  tls,
]
