declare const done: unique symbol

/** The type of {@link DONE}: no symbol's, which would not survive `async () => DONE`. */
export interface Done {
  readonly [done]: true
}

/** What a handler that declares no `next` returns to end its chain. */
export const DONE: Done = Object.freeze({ toString: () => 'DONE' }) as unknown as Done
