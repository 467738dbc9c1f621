/** When a session is over that is left at `now` (ms): it lasts so many seconds without a connection. */
export function endOf(expiryInterval: number, now: number): number {
  return expiryInterval === 0xffff_ffff ? Number.POSITIVE_INFINITY : now + expiryInterval * 1_000
}
