/** Where keys come from. */
import type { Stack } from '@mqtt-stack/core'
import type { FindKey } from './keys.ts'

/** A key of the options, of a file, or of a service. */
export interface KeySource {
  /** The key for a token; rejects with {@link KeysUnavailable} where keys cannot be had now. */
  readonly find: FindKey
  start?(stack: Pick<Stack, 'clock' | 'log'>): Promise<void>
  /** Looks whether it can be used, and opens nothing. */
  check?(): Promise<void>
  /** Others are asked from now on; what was asked of it is still answered, and then it is over. */
  retire?(): void | Promise<void>
  stop?(): void
}

/** It is not the token's fault: keys cannot be had. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable'
}
