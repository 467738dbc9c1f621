import type { Layout } from '../load/plan.ts'

// Topics are 15 characters long.
function topic(kind: string, index: number): string {
  return `bench/${kind}/${String(index).padStart(4, '0')}`
}

/**
 * Each publisher has a topic and a subscriber of its own; `kind`, of four letters, or the number of the `first` of them
 * set them apart from other pairs.
 */
export function pairs(count: number, kind = 'pair', first = 0): Layout {
  return {
    publishers: count,
    subscribers: count,
    fan: 1,
    topic: (publisher) => topic(kind, first + publisher),
    filter: (subscriber) => topic(kind, first + subscriber),
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

/** All groups hear all publishers, 10 of them, by a wildcard; of each group one member. */
export function shareGroups(groups: number, members: number): Layout {
  const publishers = 10
  const group = (subscriber: number): number => Math.floor(subscriber / members)
  return {
    publishers,
    subscribers: groups * members,
    fan: groups,
    topic: (publisher) => topic('shar', publisher),
    filter: (subscriber) => `$share/g${group(subscriber)}/bench/shar/+`,
    hears: () => [0, publishers],
    group,
  }
}
