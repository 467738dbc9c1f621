/** Lets in who has a token; who guesses waits, and is counted. */
import type { Clock } from '@mqtt-stack/core'
import type { Bearer, Tokens } from '../tokens.ts'
import { Problem } from './problem.ts'

/** So long a wrong token waits for its refusal, in ms. */
const DELAY = 1_000
/** So many wrong tokens may wait at a time; others are refused at once, whatever they are. */
const WAITING = 16

export class Door {
  readonly #tokens: Tokens
  readonly #clock: Clock
  #waiting = 0
  /** Wrong tokens since the start. */
  refused = 0

  constructor(tokens: Tokens, clock: Clock) {
    this.#tokens = tokens
    this.#clock = clock
  }

  /**
   * @param authorization The header field.
   * @throws Problem `no-token`, `wrong-token` or `too-many`
   */
  async enter(authorization: string | null): Promise<Bearer> {
    const challenge = { 'www-authenticate': 'Bearer realm="mqtt-stack"' }
    if (authorization === null)
      throw new Problem('no-token', 'a token is needed: Authorization: Bearer TOKEN', challenge)
    const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1]
    const bearer = token === undefined ? undefined : this.#tokens.find(token)
    if (bearer !== undefined) return bearer
    this.refused++
    if (this.#waiting >= WAITING)
      throw new Problem('too-many', 'too many wrong tokens at a time: try again later', {
        'retry-after': '1',
      })
    this.#waiting++
    await new Promise<void>((resolve) => this.#clock.after(DELAY, resolve))
    this.#waiting--
    throw new Problem('wrong-token', 'nobody here has that token', challenge)
  }
}
