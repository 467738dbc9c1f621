/** What a chain is made of, and what it needs of its stack. */
import type { Done, Instead, Stack } from '../contract/index.ts'
import type { Roster } from '../memory/index.ts'
import type { ChainWatch } from './observing.ts'
import type { Tally } from './tally.ts'
import type { Waiting } from './waiting.ts'

// biome-ignore lint/suspicious/noExplicitAny: the dispatcher is below the types; Stack checks them
export type Anything = any
/** What a handler goes on with, or ends with. */
export type Settled = void | Done | Instead

/** What a handler answers by return. */
export type Answer = Settled | Promise<Settled>

/** One handler of a chain. */
export interface Step {
  /** Whose it is: errors name it. */
  readonly owner: { readonly name: string; readonly start?: unknown }
  readonly handler: (...args: Anything[]) => Anything
  /** It declares `next`, and so answers by calling it. */
  readonly asks: boolean
  /** What it did in this chain. */
  readonly tally: Tally
}

/** What chains need from their stack. */
export interface ChainHost {
  readonly stack: Stack
  readonly strict: boolean
  /** The stack has neither started nor begun to. */
  isIdle(): boolean
  readonly waiting: Roster<Waiting>
  now(): number
  readonly watch: ChainWatch
  /** Takes an error that can move no chain any more. */
  stray(error: Error, subject: Anything): void
}
