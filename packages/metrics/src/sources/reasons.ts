/** What reason codes are called in labels. */
import { ReasonCode } from '@mqtt-stack/core'

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ReasonCode).map(([name, code]) => [code, name.toLowerCase()]),
)

/** `not_authorized`; `other` for a code that the standard does not have. */
export function reasonName(code: number): string {
  return NAMES.get(code) ?? 'other'
}
