import { nextMessageId } from '../../contract/index.ts'
import { isStackError, StackError } from '../../errors/index.ts'
import type { SharedStore } from './shared-store.ts'

/** Begins the names of sessions; the client identifier stands behind it. */
const PREFIX = 's/'

/** Where a session is at home. */
export interface Home {
  readonly node: string
  /**
   * Grows each time that the session gets another home, or its node makes it anew, and never comes again, even of a session that has ended
   * in between: what was agreed on before is void.
   */
  readonly tenure: number
}

/** Which node each session is at home at, as all of them know it. Whoever is written there, and nobody else, may have the session. */
export class Directory {
  readonly #store: SharedStore

  constructor(store: SharedStore) {
    this.#store = store
  }

  /** Where the session of this client identifier is; nothing where there is none. */
  async look(clientId: string): Promise<Home | undefined> {
    return readHome(clientId, await this.#store.swap(PREFIX + clientId, undefined, undefined))
  }

  /**
   * The session is at home here from now on, if its home was `from` until now (`undefined`: there was none).
   * @returns The tenure here; or, where nothing was changed, the home that it has.
   */
  take(clientId: string, from: Home | undefined): Promise<number | Home | undefined> {
    return this.#take(clientId, from, tenureBehind(from))
  }

  async #take(clientId: string, from: Home | undefined, tenure: number): Promise<number | Home | undefined> {
    const { node } = this.#store
    const before = await this.#swap(clientId, from, { node, tenure })
    return isSame(before, from) ? tenure : before
  }

  /**
   * As {@link take}, until it is known what became of it: where the answer is lost it is asked again.
   * @param rest Waits before that; what it throws is thrown.
   */
  async takeForSure(
    clientId: string,
    from: Home | undefined,
    rest: () => Promise<void>,
  ): Promise<number | Home | undefined> {
    const tenure = tenureBehind(from)
    for (let isFirst = true; ; isFirst = false) {
      try {
        const taken = await this.#take(clientId, from, tenure)
        const wasTaken =
          !isFirst &&
          isSame(typeof taken === 'number' ? undefined : taken, { node: this.#store.node, tenure })
        return wasTaken ? tenure : taken
      } catch (error) {
        if (isStackError(error) && error.code === 'STORE_DAMAGED') throw error
        await rest()
      }
    }
  }

  /** There is no such session any more; nothing is changed where its home is another one by now. */
  async release(clientId: string, home: Home): Promise<void> {
    await this.#swap(clientId, home, undefined)
  }

  /** All sessions of a node. */
  async *of(node: string): AsyncIterable<{ readonly clientId: string; readonly home: Home }> {
    for await (const { name, value } of this.#store.names(`${node}/`)) {
      if (!name.startsWith(PREFIX)) continue
      const clientId = name.slice(PREFIX.length)
      const home = readHome(clientId, value)
      if (home !== undefined) yield { clientId, home }
    }
  }

  async #swap(clientId: string, from: Home | undefined, to: Home | undefined): Promise<Home | undefined> {
    return readHome(clientId, await this.#store.swap(PREFIX + clientId, writeHome(from), writeHome(to)))
  }
}

/** Clocks of machines differ: it is greater than what was before in any case. */
function tenureBehind(from: Home | undefined): number {
  return Math.max(nextMessageId(), (from?.tenure ?? 0) + 1)
}

export function isSame(one: Home | undefined, other: Home | undefined): boolean {
  return one?.node === other?.node && one?.tenure === other?.tenure
}

function writeHome(home: Home | undefined): string | undefined {
  return home && `${home.node}/${home.tenure}`
}

/** @throws StackError `STORE_DAMAGED` for what no backend of ours wrote. */
function readHome(clientId: string, value: string | undefined): Home | undefined {
  if (value === undefined) return undefined
  const [, node, tenure] = /^([^/]+)\/([1-9][0-9]*)$/.exec(value) ?? []
  if (node === undefined)
    throw new StackError(
      'STORE_DAMAGED',
      `the home of session "${clientId}" is "${value}", which is no node and tenure`,
    )
  return { node, tenure: Number(tenure) }
}
