/** Access rules that never decide, because an earlier one fits whatever they fit. */
import type { ReadRule } from './read-rule.ts'

/** A rule that never decides, and the first one that decides in its place. */
export interface Unreachable {
  readonly rule: number
  readonly covered: number
}

/** Comparisons at most: a file of many thousand rules is looked at from its beginning. */
const MOST = 2_000_000
const CONDITIONS = ['users', 'groups', 'clients', 'listeners'] as const

/** @param rules In the order in which they decide; numbers in the answer count from 0. */
export function unreachableRules(rules: readonly ReadRule[]): Unreachable[] {
  const found: Unreachable[] = []
  let left = MOST
  for (const [j, later] of rules.entries()) {
    left -= j
    if (left < 0) break
    const covered = rules.findIndex((earlier, i) => i < j && covers(earlier, later))
    if (covered !== -1) found.push({ rule: j, covered })
  }
  return found
}

function covers(earlier: ReadRule, later: ReadRule): boolean {
  return (
    CONDITIONS.every((name) => includes(earlier[name], later[name])) &&
    includes(textsOf(earlier.ranges), textsOf(later.ranges)) &&
    (!earlier.anonymous || later.anonymous) &&
    (earlier.retain === undefined || earlier.retain === later.retain) &&
    // An earlier one that allows a lower QoS may say less than the later one.
    (!earlier.allow || earlier.qos >= later.qos) &&
    later.actions.every((action) => actionsOf(earlier).includes(action)) &&
    later.topics.every((topic) => earlier.topics.some((one) => coversTopic(one.text, topic.text)))
  )
}

/** A will is published, too. */
function actionsOf({ actions }: ReadRule): readonly string[] {
  return actions.includes('publish') ? [...actions, 'will'] : actions
}

function textsOf(ranges: ReadRule['ranges']): ReadonlySet<string> | undefined {
  return ranges && new Set(ranges.map(({ text }) => text))
}

/** Whether whoever meets the later condition meets the earlier one. */
function includes(earlier?: ReadonlySet<string>, later?: ReadonlySet<string>): boolean {
  return earlier === undefined || (later !== undefined && [...later].every((one) => earlier.has(one)))
}

/** Whether one filter matches whatever another matches. */
function coversTopic(earlier: string, later: string): boolean {
  const [wide, narrow] = [earlier.split('/'), later.split('/')]
  for (const [i, level] of wide.entries()) {
    if (level === '#') return i > 0 || !narrow[0].startsWith('$')
    if (i >= narrow.length || narrow[i] === '#') return false
    if (level !== '+' && level !== narrow[i]) return false
    if (level === '+' && i === 0 && narrow[0].startsWith('$')) return false
  }
  return wide.length === narrow.length
}
