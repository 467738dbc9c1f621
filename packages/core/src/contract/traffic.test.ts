/** Counts of packets against a plain model, in whichever order they come and however often they are read. */
import { expect, it } from 'vitest'
import { randomOf } from '../../../../test/rig/random.ts'
import { Traffic } from './traffic.ts'

/** PUBLISH of each QoS with and without DUP and RETAIN, acknowledgements, PINGREQ, CONNECT. */
const FIRST = [
  0x30, 0x31, 0x38, 0x32, 0x33, 0x3a, 0x34, 0x35, 0x3c, 0x40, 0x50, 0x62, 0x70, 0xc0, 0x10, 0x82, 0xe0,
]
/** Among them the largest packet of MQTT. */
const SIZES = [2, 9, 1_000, 268_435_460]

it.each([1, 2, 3])('counts are sums right after long runs, and with all of QoS mixed (%i)', (seed) => {
  const traffic = new Traffic()
  const next = randomOf(seed)
  const random = (below: number): number => Math.floor(next() * below)
  const packets = new Float64Array(256)
  const bytes = new Float64Array(256)
  const check = (): void => {
    const { packets: seen, bytes: size } = traffic.received
    expect([...seen]).toEqual([...packets])
    expect([...size]).toEqual([...bytes])
  }
  for (let run = 0; run < 2_000; run++) {
    const first = FIRST[random(FIRST.length)]
    const size = SIZES[random(SIZES.length)]
    // Long runs of one kind, and many short ones.
    const length = random(20) === 0 ? 5_000 : 1 + random(3)
    for (let i = 0; i < length; i++) traffic.came.count(first, size)
    traffic.came.packets += length
    traffic.came.bytes += length * size
    const kind = first >> 4 === 3 && (first & 6) === 0 ? 0x30 : first
    packets[kind] += length
    bytes[kind] += length * size
    if (random(10) === 0) check()
  }
  check()
  expect([...traffic.sent.packets].some(Boolean)).toBe(false)
})

it('a count of QoS 0 never goes back, whatever half a packet turns out to be', () => {
  const { came } = new Traffic()
  came.bytes += 500
  came.packets += 1
  const before = came.all().bytes[0x30]
  came.count(0x32, 400)
  expect(came.all().bytes[0x30]).toBe(before)
})
