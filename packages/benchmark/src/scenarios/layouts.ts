import type { Layout } from '../load/traffic.ts'

// Topics are 15 characters long.
function topic(kind: string, index: number): string {
  return `bench/${kind}/${String(index).padStart(4, '0')}`
}

/** Each publisher has a topic and a subscriber of its own. */
export function pairs(count: number): Layout {
  return {
    publishers: count,
    subscribers: count,
    fan: 1,
    topic: (publisher) => topic('pair', publisher),
    filter: (subscriber) => topic('pair', subscriber),
    hears: (subscriber) => [subscriber, 1],
  }
}

/** All subscribers hear the one publisher. */
export function fanOut(count: number): Layout {
  return {
    publishers: 1,
    subscribers: count,
    fan: count,
    topic: () => topic('fans', 0),
    filter: () => topic('fans', 0),
    hears: () => [0, 1],
  }
}

/** The one subscriber hears all publishers, by a wildcard. */
export function fanIn(count: number): Layout {
  return {
    publishers: count,
    subscribers: 1,
    fan: 1,
    topic: (publisher) => topic('into', publisher),
    filter: () => 'bench/into/+',
    hears: () => [0, count],
  }
}
