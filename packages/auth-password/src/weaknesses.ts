/** What is weak in a file of users that can be used. */
import type { User } from '@mqtt-stack/core/users'

/** Iterations of PBKDF2 with SHA-512 below which a thief of the file tries passwords quickly. */
const FEW_ITERATIONS = 100_000
/** How many users are named. */
const MOST_NAMES = 3

/** A sentence for each weakness. */
export function weaknessesOf(users: ReadonlyMap<string, User>, path: string): string[] {
  if (users.size === 0) return [`there is no user in ${path}: mqtt-stack passwd ${path} NAME`]
  const quick = [...users.values()].filter(({ hash }) => isQuick(hash)).map(({ name }) => name)
  if (quick.length === 0) return []
  const others = quick.length > MOST_NAMES ? ` and ${quick.length - MOST_NAMES} more` : ''
  const names = `${quick.slice(0, MOST_NAMES).join(', ')}${others}`
  const what = `whoever gets hold of ${path} can try passwords of ${names} quickly (SHA-512, or few iterations)`
  return [`${what}: mqtt-stack passwd ${path} NAME`]
}

/** Mosquitto's: it makes 101 iterations by itself, or none. */
function isQuick(hash: string): boolean {
  const [, kind, iterations] = hash.split('$', 3)
  return kind === '6' || (kind === '7' && Number(iterations) < FEW_ITERATIONS)
}
