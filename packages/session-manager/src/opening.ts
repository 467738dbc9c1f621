import { Slot } from '@mqtt-stack/core'

/** Whether the session of a connection was opened here, and is to be closed here. */
export class Opening {
  open = false
  #revoked: Set<string> | undefined

  /** A subscription is taken away while the session is being resumed. */
  revoke(topic: string): void {
    this.#revoked ??= new Set()
    this.#revoked.add(topic)
  }

  isRevoked(topic: string): boolean {
    return this.#revoked?.has(topic) === true
  }
}

export const opening: Slot<Opening> = new Slot(() => new Opening())
