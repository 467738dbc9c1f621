/** What becomes of a client, as far as its token goes. */
import type { ReasonCode } from '@mqtt-stack/core'
import type { Admission } from './claims.ts'

export type Verdict =
  | { readonly outcome: 'admitted'; readonly admission: Admission }
  /** The token is ours, or claims to be, and is wrong. `reason` is for the client and the log. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly reasonCode?: ReasonCode | undefined }
  /** What came is no token of ours: others may know the client. */
  | { readonly outcome: 'unknown'; readonly reason?: string }

export function refused(reason: string, reasonCode?: ReasonCode): Verdict {
  return { outcome: 'refused', reason, reasonCode }
}
