/** One reader of what is live: what it is too slow for it does not get. */

/** So many events wait for a reader; then the oldest goes. */
const WAITING = 256

const encoder = new TextEncoder()

/** Server-sent events, bounded by dropping the oldest. */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #waiting: { readonly kind: string; readonly text: string }[] = []
  readonly #onClose: (stream: LiveStream) => void
  #dropped = 0
  #wake: (() => void) | undefined
  #isClosed = false
  /** It is closed once all that waits is taken. */
  #isFinished = false

  constructor(onClose: (stream: LiveStream) => void) {
    this.#onClose = onClose
    this.body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => this.#pull(controller),
        cancel: () => this.close(),
      },
      { highWaterMark: 1 },
    )
  }

  /** All that was pushed is on its way. */
  get isIdle(): boolean {
    return this.#waiting.length === 0
  }

  /** @param newest Only the newest of this kind matters: one that still waits is replaced. */
  push(kind: string, data: unknown, newest: boolean = false): void {
    if (this.#isClosed) return
    const event = { kind, text: JSON.stringify(data) }
    const at = newest ? this.#waiting.findIndex((one) => one.kind === kind) : -1
    if (at !== -1) this.#waiting[at] = event
    else this.#waiting.push(event)
    if (this.#waiting.length > WAITING) {
      this.#waiting.shift()
      this.#dropped++
    }
    this.#wake?.()
  }

  /** The reader gets what waits, and is told that it is over. */
  finish(): void {
    this.#isFinished = true
    this.#wake?.()
  }

  /** The reader is told that it is over. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#waiting.length = 0
    this.#wake?.()
    this.#onClose(this)
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#isFinished && this.#waiting.length === 0) this.close()
    while (this.#waiting.length === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
      if (this.#isFinished && this.#waiting.length === 0) this.close()
    }
    if (this.#isClosed) return close(controller)
    if (this.#dropped > 0) {
      controller.enqueue(
        encoder.encode(`event: dropped\ndata: ${JSON.stringify({ count: this.#dropped })}\n\n`),
      )
      this.#dropped = 0
    }
    const event = this.#waiting.shift()
    if (event !== undefined)
      controller.enqueue(encoder.encode(`event: ${event.kind}\ndata: ${event.text}\n\n`))
  }
}

/** A reader that has gone has closed it already. */
function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {}
}
