/** Why a filter does not match a topic, in words: what somebody who wrote it may have overlooked. */

/** Lower is closer. */
interface Miss {
  readonly distance: number
  readonly words: string
}

/** The filter that comes closest, and what is wrong with it. */
export function nearestMiss(
  filters: readonly string[],
  topic: string,
): { filter: string; words: string } | undefined {
  const all = filters.map((filter) => ({ filter, ...missOf(filter, topic) }))
  return all.sort((a, b) => a.distance - b.distance)[0]
}

function missOf(filter: string, topic: string): Miss {
  const wanted = filter.split('/')
  const given = topic.split('/')
  if (topic.startsWith('$') && /^[#+]/.test(filter))
    return { distance: 0, words: 'wildcards at its beginning do not match topics that begin with $' }
  if (filter.toLowerCase() === topic.toLowerCase())
    return { distance: 0, words: 'capital letters count: it is written differently' }
  if (`/${filter}` === topic || filter === `/${topic}`)
    return { distance: 0, words: 'a slash at the beginning makes another topic' }
  if (`${filter}/` === topic || filter === `${topic}/`)
    return { distance: 0, words: 'a slash at the end makes another topic' }
  const at = firstDifference(wanted, given)
  if (at < Math.min(wanted.length, given.length)) {
    const level = JSON.stringify(wanted[at])
    return {
      distance: 10 - Math.min(at, 9),
      words: `its level ${at + 1} is ${level}, not ${JSON.stringify(given[at])}`,
    }
  }
  return { distance: 1, words: `it has ${wanted.length} levels, and the topic ${given.length}` }
}

/** The first level that does not fit; the shorter length where all do. */
function firstDifference(filter: readonly string[], topic: readonly string[]): number {
  const shorter = Math.min(filter.length, topic.length)
  for (let i = 0; i < shorter; i++) if (filter[i] !== '+' && filter[i] !== topic[i]) return i
  return shorter
}
