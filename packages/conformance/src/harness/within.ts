import { ConformanceError } from './errors.ts'
import type { Inbox } from './inbox.ts'

/**
 * Waits for something, for a bounded time.
 * @param patience Milliseconds of real time.
 * @param inbox What nobody took is named where it does not come.
 */
export async function within(
  event: Promise<void>,
  what: string,
  patience: number,
  inbox: Inbox,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ConformanceError(`waited for ${what}, but it did not come (untaken: ${inbox})`))
    }, patience)
  })
  try {
    await Promise.race([event, late])
  } finally {
    clearTimeout(timer)
  }
}
