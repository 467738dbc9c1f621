/** Nodes at work over one place, by their names. */
import { Buffer } from 'node:buffer'
import type { ClaimedPart, NodePart, Posted, SharedStore } from '@mqtt-stack/core/backend'
import { ALL, text } from '../store/store-bench.ts'
import type { SharedPlace } from './shared-place.ts'

/** Milliseconds between two looks at something that is to come, and how many looks there are. */
const LOOK = 10
const LOOKS = 500
/** Behind so many ms of silence whoever waits for an entry has had an answer: "about a second", generously. */
const SILENCE = 3_000

export class SharedBench {
  readonly place: SharedPlace
  readonly #open = new Set<SharedStore>()

  constructor(place: SharedPlace) {
    this.place = place
  }

  /** A node that has joined the service. Its lease lasts as long as it is not let {@link die}. */
  async join(name: string): Promise<MemberNode> {
    const store = this.place.open(name)
    const node = new MemberNode(store)
    store.listen({ reach: () => {}, cast: (bytes) => node.casts.push(text(bytes)) })
    this.#open.add(store)
    await store.open()
    return node
  }

  /** The leases of these nodes end, as if nobody heard of them any more; those of all others are renewed. */
  async die(...nodes: readonly MemberNode[]): Promise<void> {
    const dead = new Set(nodes.map(({ store }) => store))
    const [{ lease }] = dead
    // The last lease that they have began at most now.
    for (let passed = 0; passed <= lease * 1.2; passed += lease / 5) {
      await this.place.pass(lease / 5)
      for (const store of this.#open) if (!dead.has(store)) await store.renew().catch(() => {})
    }
  }

  /** The lease of a node is given up. */
  async close(node: MemberNode): Promise<void> {
    this.#open.delete(node.store)
    await node.store.close()
  }

  /** Long enough that whoever waits for an entry has had an answer; all leases are renewed. */
  async silence(): Promise<void> {
    const stores = [...this.#open]
    const step = Math.min(SILENCE, stores[0].lease / 3)
    for (let passed = 0; passed < SILENCE; passed += step) {
      await this.place.pass(step)
      for (const store of stores) await store.renew()
    }
  }

  /** Waits for something that comes by itself. */
  async until(what: string, isThere: () => boolean): Promise<void> {
    for (let looks = 0; !isThere(); looks++) {
      if (looks === LOOKS) throw new Error(`waited for ${what}, which did not come`)
      await this.place.pass(LOOK)
    }
  }

  /** Ends everything. */
  async end(): Promise<void> {
    try {
      for (const store of this.#open) await store.close()
    } finally {
      await this.place.remove?.()
    }
  }
}

/** A node of the service, asked in texts. */
export class MemberNode {
  readonly store: SharedStore
  /** What others cast to it, oldest first. */
  readonly casts: string[] = []

  constructor(store: SharedStore) {
    this.store = store
  }

  /** What it says of the nodes: their names, each with whether it is alive. */
  async nodes(): Promise<Record<string, boolean>> {
    const states = await this.store.nodes()
    return Object.fromEntries(states.map(({ node, alive }) => [node, alive]))
  }

  send(node: string, message: string | Uint8Array): Promise<boolean> {
    return this.store.send(node, typeof message === 'string' ? Buffer.from(message) : message)
  }

  cast(node: string, message: string): void {
    this.store.cast(node, Buffer.from(message))
  }

  /** @throws Error where it does not get the part. */
  async claim(node: string): Promise<ClaimedPart> {
    const part = await this.store.claim(node)
    if (part === undefined) throw new Error(`${this.store.node} did not get the part of ${node}`)
    return part
  }

  swap(name: string, expected: string | undefined, value: string | undefined): Promise<string | undefined> {
    return this.store.swap(name, expected, value)
  }

  /** All names whose value begins with this, as `name=value`, sorted. */
  async names(prefix: string): Promise<string[]> {
    const found: string[] = []
    for await (const { name, value } of this.store.names(prefix)) found.push(`${name}=${value}`)
    return found.sort()
  }
}

/** All that is in a part: values by keys, both as text. */
export async function texts(part: NodePart): Promise<Record<string, string>> {
  const entries = await part.read(ALL, 1_000)
  return Object.fromEntries(entries.map(({ key, value }) => [text(key), text(value)]))
}

/** All entries behind a position that are there; at least one is. */
export async function inboxOf(part: NodePart, after: string = ''): Promise<string[]> {
  return (await part.receive(after, 1_000)).map(({ bytes }) => text(bytes))
}

/** The position of the last one. */
export function lastOf(entries: readonly Posted[]): string {
  return entries[entries.length - 1].position
}
