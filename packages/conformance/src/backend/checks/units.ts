import assert from 'node:assert/strict'
import type { Bench } from '../bench.ts'
import type { Chapter } from '../check.ts'
import { chapter } from '../check.ts'

const READERS = ['one', 'two', 'three']
/** More commits than any backend needs for these few calls. */
const POINTS_AT_MOST = 40

/** What a crash left, of the calls before it. */
interface Left {
  readonly inboundIds: readonly number[]
  /** The payloads in each reader's log. */
  readonly logs: readonly (readonly string[])[]
}

export const units: Chapter = chapter('units', 'durable', (check) => {
  for (const underWay of ['lost', 'written'] as const) {
    check(
      `identifier and log entries of a relay are all there or none, at every crash point (the commit under way is ${underWay})`,
      async (bench) => {
        await atEveryCrashPoint(bench, underWay, ['a'], ({ inboundIds, logs }) => {
          const whole = inboundIds.length === 1
          assert.deepEqual(
            logs,
            READERS.map(() => (whole ? ['a'] : [])),
          )
        })
      },
    )

    check(
      `of several relays the earlier ones are there where a later one is, at every crash point (the commit under way is ${underWay})`,
      async (bench) => {
        const payloads = ['a', 'b', 'c', 'd']
        await atEveryCrashPoint(bench, underWay, payloads, ({ inboundIds, logs }) => {
          const count = inboundIds.length
          assert.deepEqual(
            [...inboundIds].sort(),
            payloads.slice(0, count).map((_, i) => i + 1),
          )
          assert.deepEqual(
            logs,
            READERS.map(() => payloads.slice(0, count)),
          )
        })
      },
    )
  }

  check('what was answered before a crash is there, at every crash point', async (bench) => {
    for (let point = 0; point < POINTS_AT_MOST; point++) {
      const reader = `reader ${point}`
      await bench.openAway(reader, `t${point}`)
      const held = bench.holdCommits()
      const answered: string[] = []
      for (const payload of ['a', 'b', 'c']) {
        bench.relay({ topic: `t${point}`, payload }).then(
          () => answered.push(payload),
          () => {},
        )
        await bench.settle()
      }
      const whole = !(await letThrough(held, point))
      const wanted = [...answered]
      await bench.crash()
      const found = await (await bench.open(reader)).payloads()
      assert.deepEqual(found.slice(0, wanted.length), wanted)
      if (whole) return
    }
    assert.fail('commits without an end')
  })
})

/** Relays messages at QoS 2, and kills the broker behind the first commit, the second, … until all is committed. */
async function atEveryCrashPoint(
  bench: Bench,
  underWay: 'lost' | 'written',
  payloads: readonly string[],
  assertUnit: (left: Left) => void,
): Promise<void> {
  for (let point = 0; point < POINTS_AT_MOST; point++) {
    // Of each point's own, so that nothing that an earlier one left matters.
    const name = (who: string): string => `${who} ${point}`
    for (const reader of READERS) await bench.openAway(name(reader), `t${point}`)
    const publisher = await bench.open(name('publisher'))
    const held = bench.holdCommits()
    for (const [i, payload] of payloads.entries()) {
      const init = { topic: `t${point}`, payload, qos: 2 as const, from: publisher, packetId: i + 1 }
      bench.relay(init).catch(() => {})
      // In a turn of its own.
      await bench.settle()
    }
    const whole = !(await letThrough(held, point))
    await bench.crash(underWay)
    const logs: string[][] = []
    for (const reader of READERS) logs.push(await (await bench.open(name(reader))).payloads())
    const { inboundIds } = await bench.open(name('publisher'))
    assertUnit({ inboundIds, logs })
    if (whole) {
      assert.equal(inboundIds.length, payloads.length)
      return
    }
  }
  assert.fail('commits without an end')
}

/** Lets so many commits through; false where there were not so many. */
async function letThrough(held: { next(): Promise<boolean> }, count: number): Promise<boolean> {
  for (let i = 0; i < count; i++) if (!(await held.next())) return false
  return true
}
