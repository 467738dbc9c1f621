/** The properties of a CONNACK (5.0), gathered from the middlewares: each sets its own. */

import { StackError } from '../errors/index.ts'
import type { ConnackPacket } from '../packets/index.ts'

type Properties = {
  -readonly [Key in keyof NonNullable<ConnackPacket['properties']>]: NonNullable<
    ConnackPacket['properties']
  >[Key]
}

export class ConnackProperties {
  /** What was set. */
  readonly values: Properties = {}

  /** @throws StackError `STORE_KEY_TAKEN` when somebody has set the key. */
  set<Key extends keyof Properties>(key: Key, value: Properties[Key]): void {
    if (this.values[key] !== undefined) {
      throw new StackError('STORE_KEY_TAKEN', `the CONNACK property ${key} is set by two middlewares`)
    }
    this.values[key] = value
  }
}
