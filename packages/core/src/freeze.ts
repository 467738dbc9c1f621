/** Freezes a packet and what it holds; bytes cannot be frozen and are left. */
export function deepFreeze(value: object): void {
  if (Object.isFrozen(value) || ArrayBuffer.isView(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) deepFreeze(part)
}
