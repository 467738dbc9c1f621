import { Slot } from '@mqtt-stack/core'

/** How far a session's log was ever sent, over all its connections. */
export class Sent {
  /** Highest sequence; -1: this process does not know. */
  upTo = -1
}

/** On the session. */
export const sent: Slot<Sent> = new Slot(() => new Sent())
