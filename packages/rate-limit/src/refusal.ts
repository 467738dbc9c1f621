import type { ReasonCode } from '@mqtt-stack/core'

/** Why a client is refused. */
export interface Refusal {
  readonly reasonCode: ReasonCode
  /** For the client (5.0) and the log: names the option. */
  readonly reason: string
}
