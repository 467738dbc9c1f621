/** What operators’ APIs of one service say to each other, by `tellNodes`. */
import type { Context, Stack } from '@mqtt-stack/core'

const SUBJECT = 'admin'
/** So long an answer is waited for, in ms. */
const PATIENCE = 2_000

/** What others have answered. */
export interface Answers {
  readonly answers: readonly { readonly node: string; readonly said: unknown }[]
  /** Nodes that are there, and have not answered in time. */
  readonly missing: readonly string[]
}

/** Answers what another node says of a kind. What it was said is checked: another version may have. */
export type NodeHandler = (said: unknown, node: string) => unknown

interface Waiting {
  readonly open: Set<string>
  readonly answers: { readonly node: string; readonly said: unknown }[]
  done(): void
}

/** As it goes to another node. */
interface Wire {
  readonly kind?: unknown
  /** Wants an answer with this number. */
  readonly ask?: unknown
  /** Is one. */
  readonly answer?: unknown
  readonly said?: unknown
}

export class Nodes {
  readonly #stack: Stack
  readonly #handlers = new Map<string, NodeHandler>()
  readonly #waiting = new Map<number, Waiting>()
  #asked = 0

  constructor(stack: Stack) {
    this.#stack = stack
  }

  on(kind: string, handler: NodeHandler): void {
    this.#handlers.set(kind, handler)
  }

  /** Says it to all others, or to one; nobody waits for it. */
  async tell(kind: string, said: unknown, to?: string): Promise<void> {
    await this.#send({ kind, said }, to)
  }

  /** Says it to all others, and waits for what they answer: two seconds at most. Nothing where there is nobody. */
  async ask(kind: string, said: unknown): Promise<Answers> {
    const ask = ++this.#asked
    const waiting: Waiting = { open: new Set(), answers: [], done: () => {} }
    this.#waiting.set(ask, waiting)
    try {
      for (const node of await this.#send({ kind, said, ask })) waiting.open.add(node)
      for (const { node } of waiting.answers) waiting.open.delete(node)
      if (waiting.open.size > 0) await this.#answered(waiting)
      return { answers: waiting.answers, missing: [...waiting.open] }
    } finally {
      this.#waiting.delete(ask)
    }
  }

  /** Another node has said something. */
  told({ node, subject, text }: Context<'nodeTold'>): void {
    if (subject !== SUBJECT) return
    const { kind, ask, answer, said } = wireOf(text)
    if (typeof answer === 'number') this.#note(answer, node, said)
    const handler = typeof kind === 'string' ? this.#handlers.get(kind) : undefined
    // What this version does not know is not answered: whoever asks sees that.
    if (handler === undefined) return
    this.#stack.background(async () => {
      const found = await handler(said, node)
      if (typeof ask === 'number') await this.#send({ answer: ask, said: found }, node)
    })
  }

  #note(answer: number, node: string, said: unknown): void {
    const waiting = this.#waiting.get(answer)
    if (waiting === undefined || waiting.answers.some((one) => one.node === node)) return
    waiting.answers.push({ node, said })
    waiting.open.delete(node)
    if (waiting.open.size === 0) waiting.done()
  }

  #answered(waiting: Waiting): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#stack.clock.after(PATIENCE, resolve)
      waiting.done = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  async #send(wire: Wire, to?: string): Promise<readonly string[]> {
    if (!this.#stack.answers('tellNodes')) return []
    const ctx = { subject: SUBJECT, text: JSON.stringify(wire), ...(to !== undefined && { to }) }
    return (await this.#stack.call('tellNodes', ctx)).nodes
  }
}

function wireOf(text: string): Wire {
  try {
    const wire: unknown = JSON.parse(text)
    return typeof wire === 'object' && wire !== null ? wire : {}
  } catch {
    return {}
  }
}
