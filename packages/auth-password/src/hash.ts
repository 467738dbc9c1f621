import { timingSafeEqual } from 'node:crypto'

/** What is kept of a password, as it stands in the file. */
export interface Hash {
  /** Whether it is that of this password. Works on a thread of its own where that takes long. */
  verify(password: Uint8Array): Promise<boolean>
}

/** What a kind of hash makes of its text; a text in words says what is wrong with it. */
export type ReadHash = (text: string) => Hash | string

/** Whether both are the same bytes; how long that takes says nothing of where they differ. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}

/** The bytes of text in base 64, with padding or without it; `undefined` if it is none, or has no bytes. */
export function fromBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 ? bytes : undefined
}
