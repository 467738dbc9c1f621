/** A seeded sample of what `npm run fuzz` does in full. */
import { Buffer } from 'node:buffer'
import { encode } from '@mqtt-stack/conformance/wire'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { caseOf, GROUNDS, wholeOf } from './cases.ts'
import type { Version } from './corpus.ts'
import { cut } from './mutations.ts'
import { framesOf, Stand } from './stand.ts'

async function openStand(late = false): Promise<Stand> {
  const stand = await Stand.open({}, late)
  onTestFinished(() => stand.close())
  return stand
}

const places = fc.array(fc.nat({ max: 300 }), { maxLength: 3 })

/** Any mutation of any packet in any phase. */
const mutated = fc
  .tuple(fc.integer({ min: 0, max: GROUNDS.length - 1 }), fc.nat(), places)
  .map(([at, mutation, where]) => caseOf(GROUNDS[at], mutation % GROUNDS[at].size, where))

test('every packet of the corpus is good where it belongs, and closes the connection elsewhere', async () => {
  const stand = await openStand()
  await stand.serve(GROUNDS.map((ground) => caseOf(ground, wholeOf(ground), [])))
})

test('prefixes and single-byte changes of every packet, before and after CONNECT, harm nobody', async () => {
  const stand = await openStand()
  await fc.assert(
    fc.asyncProperty(fc.array(mutated, { minLength: 40, maxLength: 80 }), async (cases) => {
      await stand.serve(cases)
    }),
    { numRuns: 40, seed: 5 },
  )
  expect(stand.served).toBeGreaterThan(1_600)
})

test('any bytes after any packets harm nobody', async () => {
  const stand = await openStand()
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((bytes) => Uint8Array.of(0x82, bytes.length, ...bytes)),
    fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((bytes) => Uint8Array.of(0x32, bytes.length, ...bytes)),
    fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .map((bytes) => Uint8Array.of(0x10, bytes.length, ...bytes)),
  )
  const some = fc
    .tuple(fc.integer({ min: 0, max: GROUNDS.length - 1 }), garbage, places)
    .map(([at, bytes, where]) => {
      const { sample, phase } = GROUNDS[at]
      const { name, version } = sample
      const chunks = (clientId: string): Buffer[] => cut(Buffer.concat([sample.make(clientId), bytes]), where)
      return { name: `${name} and garbage`, version, phase, chunks }
    })
  await fc.assert(
    fc.asyncProperty(fc.array(some, { minLength: 20, maxLength: 60 }), async (cases) => {
      await stand.serve(cases)
    }),
    { numRuns: 25, seed: 6 },
  )
})

/** A connection's worth of good packets of which each is answered. */
function conversation(version: Version): Buffer {
  const publish = (input: Omit<encode.PublishInput, 'topic'>): Buffer =>
    encode.publish(version, { topic: 'talk/to/myself', ...input })
  return Buffer.concat([
    encode.subscribe(version, { id: 1, filters: [{ filter: 'talk/#', qos: 2 }] }),
    ...Array.from({ length: 8 }, (_, i) => publish({ payload: `${i}`, qos: i % 3, id: 10 + i })),
    ...[2, 5].map((i) => encode.ack(version, 'pubrel', 10 + i)),
    encode.pingreq(),
    encode.subscribe(version, { id: 2, filters: ['other/+', 'talk/+/me'] }),
    publish({ payload: 'large'.repeat(2_000), qos: 1, id: 30 }),
    encode.unsubscribe(version, { id: 3, filters: ['talk/#'] }),
    publish({ payload: 'unheard', qos: 1, id: 31 }),
    encode.pingreq(),
  ])
}

test('whatever a 5.0 client asks for in its CONNECT is kept', async () => {
  const stand = await openStand()
  const small = (min: number, max: number): fc.Arbitrary<number> =>
    fc.oneof(fc.integer({ min, max: 40 }), fc.integer({ min, max }))
  const asked = fc.record(
    {
      sessionExpiry: small(0, 0xffff_ffff),
      receiveMaximum: small(1, 65_535),
      maximumPacketSize: small(1, 0xffff_ffff),
      topicAliasMaximum: small(0, 65_535),
      requestProblemInformation: fc.constantFrom(0, 1),
      requestResponseInformation: fc.constantFrom(0, 1),
    },
    { requiredKeys: [] },
  )
  const client = fc.tuple(asked, fc.boolean(), fc.integer({ min: 0, max: 2 }))
  await fc.assert(
    fc.asyncProperty(fc.array(client, { minLength: 20, maxLength: 40 }), async (clients) => {
      const cases = clients.map(([properties, clean]) => ({
        name: JSON.stringify(properties),
        version: 5 as const,
        phase: 'first' as const,
        // Nothing is acknowledged but what the client published itself.
        chunks: (clientId: string): Buffer[] => [
          encode.connect(5, { clientId, clean, properties }),
          conversation(5),
        ],
      }))
      const outcomes = await stand.serve(cases)
      for (const [i, { frames }] of outcomes.entries()) {
        const [{ maximumPacketSize = 0xffff_ffff, receiveMaximum = 65_535 }] = clients[i]
        expect(Math.max(0, ...frames.map(({ length }) => length))).toBeLessThanOrEqual(maximumPacketSize)
        const open = frames.filter(([header]) => header >> 4 === 3 && (header & 6) !== 0)
        expect(open.length).toBeLessThanOrEqual(receiveMaximum)
      }
    }),
    { numRuns: 30, seed: 15 },
  )
})

describe.each([
  ['at once', false],
  ['late', true],
])('with a backend that answers %s', (_when, late) => {
  test.each([3, 4, 5] as const)(
    'what a client of version %i is answered, and in which order, does not depend on its chunks',
    async (version) => {
      const stand = await openStand(late)
      const bytes = conversation(version)
      const talk = async (where: readonly number[]): Promise<readonly Buffer[]> => {
        const chunks = (): Buffer[] => cut(bytes, where)
        const [outcome] = await stand.serve([
          { name: 'conversation', version, phase: 'connected', chunks, open: true },
        ])
        return outcome.frames
      }
      const wanted = inOrder(await talk([]))
      expect(wanted.length).toBeGreaterThan(20)
      const ends = endsOf(bytes)
      const place = fc.oneof(fc.nat({ max: bytes.length }), fc.constantFrom(...ends))
      const where = fc.oneof(fc.constant(ends), fc.array(place, { maxLength: 60 }))
      await fc.assert(
        fc.asyncProperty(where, async (one) => {
          expect(inOrder(await talk(one))).toEqual(wanted)
        }),
        { numRuns: 60, seed: 7 },
      )
    },
  )
})

/** Where packets end: chunks that do are handled in another way. */
function endsOf(bytes: Buffer): number[] {
  let at = 0
  return framesOf(bytes).map((frame) => {
    at += frame.length
    return at
  })
}

/** Messages of one QoS keep their order among themselves, and so do answers. */
function inOrder(frames: readonly Buffer[]): string[] {
  const kind = ([header]: Buffer): number => (header >> 4 === 3 ? (header >> 1) & 3 : 3)
  return [0, 1, 2, 3].flatMap((wanted) =>
    frames.filter((frame) => kind(frame) === wanted).map((frame) => frame.toString('hex').slice(0, 80)),
  )
}
