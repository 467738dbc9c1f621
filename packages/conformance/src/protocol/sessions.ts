/** What tests of several chapters share about sessions. */
import type { ConnectInput } from '../wire/encode.ts'
import type { Version } from '../wire/packet-types.ts'

/** Seconds that a stored session of 5.0 is asked to last. */
export const LONG = 3_600

/** The parts of a CONNECT whose session outlives its connection, and resumes one that is there. */
export function stored(version: Version, changes: ConnectInput = {}): ConnectInput {
  const { properties, ...rest } = changes
  if (version < 5) return { clean: false, ...rest }
  return { clean: false, properties: properties ?? { sessionExpiry: LONG }, ...rest }
}

/** The parts of a CONNECT that begins anew a session which outlives its connection. */
export function fresh(version: Version, changes: ConnectInput = {}): ConnectInput {
  return { ...stored(version, changes), clean: version === 5 }
}
