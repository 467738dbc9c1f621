/** Traffic that must leave nothing behind, in rounds; after each of them memory is to be what it was. */
import { Buffer } from 'node:buffer'
import { encode } from '@mqtt-stack/conformance/wire'
import { settle } from '@mqtt-stack/testing'
import type { Version } from './corpus.ts'
import type { Case } from './stand.ts'
import { REFUSED, STRANGER, Stand } from './stand.ts'

/** One connection of a round, by its number. */
type Traffic = (i: number) => Case

/** Connections served at once. */
const BATCH = 500

const versionOf = (i: number): Version => ([3, 4, 5] as const)[i % 3]

/** Not more of them than the warm-up brings: answers for topics seen lately are remembered. */
const topicOf = (i: number): string => `own/${i % 2_000}`

/** A connection in a stored session: it ends a second after its client is gone. */
function stored(name: string, chunks: () => Buffer[]): Case {
  return { name, version: 5, phase: 'connected', chunks }
}

/** What is sent, by what it is called. */
export const TRAFFIC: Readonly<Record<string, Traffic>> = {
  'CONNECTs that are refused': (i) => ({
    name: 'stranger',
    version: versionOf(i),
    phase: 'first',
    open: false,
    chunks: (clientId) => [encode.connect(versionOf(i), { clientId, clean: false, username: STRANGER })],
  }),
  'wills that are refused': (i) => ({
    name: 'will',
    version: versionOf(i),
    phase: 'first',
    open: false,
    chunks: (clientId) => [
      encode.connect(versionOf(i), {
        clientId,
        will: { topic: REFUSED, payload: 'x'.repeat(500), retain: true },
      }),
    ],
  }),
  'CONNECTs that are malformed': (i) => ({
    name: 'malformed',
    version: versionOf(i),
    phase: 'first',
    open: false,
    chunks: (clientId) => [encode.connect(versionOf(i), { clientId, flags: 0x1a })],
  }),
  'connect, subscribe, publish, disconnect': (i) => ({
    name: 'cycle',
    version: versionOf(i),
    phase: 'connected',
    open: false,
    chunks: () => [
      Buffer.concat([
        encode.subscribe(versionOf(i), { filters: [topicOf(i), `own/+/${i % 7}`, `${topicOf(i)}/#`] }),
        encode.publish(versionOf(i), { topic: topicOf(i), qos: 1, id: 2, payload: 'x'.repeat(200) }),
        encode.unsubscribe(versionOf(i), { filters: [`${topicOf(i)}/#`] }),
        encode.disconnect(versionOf(i)),
      ]),
    ],
  }),
  'wills that are published and retained': (i) => ({
    name: 'will',
    version: versionOf(i),
    phase: 'first',
    open: true,
    chunks: (clientId) => [
      encode.connect(versionOf(i), { clientId, will: { topic: topicOf(i), retain: true, qos: 2 } }),
    ],
  }),
  'sessions that expire with what waits for them': (i) =>
    i % 50 === 49
      ? stored('publisher', () => {
          const messages = Array.from({ length: 5 }, (_, id) =>
            encode.publish(5, { topic: 'waits', qos: 2, id: id + 1, payload: 'x'.repeat(300) }),
          )
          // The others have left by then.
          return [encode.pingreq(), encode.pingreq(), encode.pingreq(), Buffer.concat(messages)]
        })
      : stored('sleeper', () => [
          encode.subscribe(5, { filters: [{ filter: 'waits', qos: 2 }] }),
          encode.disconnect(5),
        ]),
  'QoS 2 identifiers again and again': () =>
    stored('again', () => {
      const again = encode.publish(5, { topic: 'a', qos: 2, id: 9, payload: 'x'.repeat(100) })
      return [Buffer.concat(Array.from({ length: 20 }, () => again))]
    }),
}

/** Serves that many connections; the stand looks for what is left after each batch. */
export async function sendRound(stand: Stand, traffic: Traffic, connections: number): Promise<void> {
  for (let from = 0; from < connections; from += BATCH) {
    const size = Math.min(BATCH, connections - from)
    await stand.serve(Array.from({ length: size }, (_, i) => traffic(from + i)))
  }
}

/** Bytes of the heap and of buffers beside it, when all that can be collected is. */
export function memory(): number {
  const { gc } = globalThis
  for (let i = 0; i < 3; i++) gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/**
 * Opens connections that each declare 256 MB, send five bytes of it and stay: half of them before CONNECT, half behind.
 * @returns Bytes that one of them costs, and that one leaves when all are gone.
 */
export async function declareHuge(connections: number): Promise<{ open: number; after: number }> {
  const limit = 268_435_460
  const stand = await Stand.open({ stack: { packetLimit: limit, connectLimit: limit } })
  const round = async (count: number): Promise<number> => {
    const devices = Array.from({ length: count }, (_, i) => {
      const { device } = stand.connection()
      if (i % 2 === 0) device.write(Buffer.of(0x10, 0xff, 0xff, 0xff, 0x7f))
      else {
        device.write(encode.connect(4, { clientId: `c${i}` }))
        device.write(Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f))
      }
      return device.resume()
    })
    await settle()
    const open = memory()
    if (stand.broker.stack.clients.size !== count + 1) throw new Error('not all of them stay')
    for (const device of devices) device.destroy()
    await stand.serve([])
    return open
  }
  await round(connections)
  const before = memory()
  const open = await round(connections)
  const after = memory()
  await stand.close()
  return { open: (open - before) / connections, after: (after - before) / connections }
}
