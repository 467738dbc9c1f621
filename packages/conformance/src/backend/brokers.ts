/** What checks of several brokers have in common. */
import { settle } from '@mqtt-stack/testing'
import type { ServiceUnderTest } from './backend-under-test.ts'
import type { Bench, RelayInit } from './bench.ts'
import { heard } from './heard.ts'

/** How often it is looked at whether something is so that comes by itself. */
const LOOKS = 300
/** Longer than a stack waits for a middleware that does not stop, in ms. */
const STALLED = 600_000

/** Waits until something is so, for ten leases at most. */
export async function until(bench: Bench, what: string, isSo: () => unknown): Promise<void> {
  const { service } = bench
  for (let looks = 0; looks <= LOOKS; looks++) {
    await settle()
    if (await isSo()) return
    await service.pass((10 * service.lease) / LOOKS)
  }
  throw new Error(`waited for ten leases until ${what}`)
}

/** Lets everybody find out that a broker is gone, and nothing else happen: less than until what it left is moved. */
export async function leases(bench: Bench, count: number): Promise<void> {
  const { service } = bench
  for (let passed = 0; passed < count * 10; passed++) await service.pass(service.lease / 10)
}

/** Waits for a broker that stops: what it waits for itself may need time to pass. */
export async function passUntil(service: ServiceUnderTest, stopping: Promise<void>): Promise<void> {
  let over = false
  const stopped = heard(
    stopping.finally(() => {
      over = true
    }),
  )
  await settle()
  for (let looks = 0; looks < LOOKS && !over; looks++) await service.pass((10 * service.lease) / LOOKS)
  if (!over) await service.clock.advance(STALLED)
  await stopped
}

/** Relays numbered messages, one after the other. */
export async function relayAll(
  bench: Bench,
  payloads: readonly string[],
  init: RelayInit = {},
): Promise<void> {
  for (const payload of payloads) await bench.relay({ ...init, payload })
}

/** `from-0`, `from-1`, ... */
export function numbered(from: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${from}-${i}`)
}
