import type { RateLimitOptions } from '@mqtt-stack/rate-limit'

/** What rate-limit has on by default, off: a test turns on what it is about. */
export const NO_LIMITS: RateLimitOptions = {
  connectionsPerAddress: 0,
  connectRatePerAddress: 0,
  failures: 0,
  failuresPerAddress: 0,
  failuresPerName: 0,
  memory: 0,
  loopDelay: 0,
}
