/** Runs `work(0)` to `work(count - 1)`, at most `width` of them at a time. */
export async function inParallel(
  count: number,
  width: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  async function worker(): Promise<void> {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(count, width) }, worker))
}

// Below Mosquitto's listen backlog of 100: beyond it the kernel makes a client wait a second for its next try.
export const CONNECTING = 64
