/** How long answers are kept. */

export interface CacheTimes {
  /** Of an `allow`, in ms. */
  readonly allow: number
  /** Of a `deny` or `ignore`, in ms. */
  readonly refuse: number
}

/** In ms; an answer may say less than the options, and not more. */
export function timeOf(
  result: 'allow' | 'deny' | 'ignore',
  seconds: number | undefined,
  times: CacheTimes,
): number {
  const most = result === 'allow' ? times.allow : times.refuse
  return seconds === undefined ? most : Math.min(most, seconds * 1_000)
}
