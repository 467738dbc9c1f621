import { SmallMap } from './small-map.ts'

/** A level of a filter, below the levels before it. */
class Node<E> {
  /** Its level's text; not used by the root and by `+`. */
  readonly level: string
  readonly parent: Node<E> | undefined
  /** The levels below it that are not wildcards. */
  children: SmallMap<Node<E>> | undefined = undefined
  /** The level `+` below it. */
  plus: Node<E> | undefined = undefined
  /** What is kept for the filter that ends here. */
  here: E | undefined = undefined
  /** What is kept for the filter that goes on with `#` and so ends. */
  all: E | undefined = undefined

  constructor(level: string, parent: Node<E> | undefined) {
    this.level = level
    this.parent = parent
  }
}

/**
 * What is kept for each topic filter, found by the topics that it matches. Memory follows the levels of the
 * filters that are there; nothing recurses.
 */
export class FilterTrie<E> {
  readonly #root = new Node<E>('', undefined)
  #nodes = 0
  #visited = 0

  /** How many levels are held, those that filters share counted once: 0 when no filter is there. */
  get nodes(): number {
    return this.#nodes
  }

  /** How many of them {@link collect} has looked at in all calls so far. */
  get visited(): number {
    return this.#visited
  }

  /** Keeps `entry` for a valid filter. */
  set(filter: string, entry: E): void {
    let node = this.#root
    let start = 0
    for (;;) {
      const slash = filter.indexOf('/', start)
      const level = filter.slice(start, slash === -1 ? undefined : slash)
      if (level === '#') {
        node.all = entry
        return
      }
      node = this.#below(node, level)
      if (slash === -1) break
      start = slash + 1
    }
    node.here = entry
  }

  /** Forgets a filter and the levels that no other filter has. */
  delete(filter: string): void {
    let node: Node<E> | undefined = this.#root
    let start = 0
    for (;;) {
      const slash = filter.indexOf('/', start)
      const level = filter.slice(start, slash === -1 ? undefined : slash)
      if (level === '#') {
        node.all = undefined
        break
      }
      node = level === '+' ? node.plus : node.children?.get(level)
      if (node === undefined) return
      if (slash === -1) {
        node.here = undefined
        break
      }
      start = slash + 1
    }
    this.#prune(node)
  }

  /** Appends to `out` what is kept for the filters that match a valid topic name. */
  collect(topic: string, out: E[]): void {
    let nodes: Node<E>[] = [this.#root]
    // A filter that begins with a wildcard matches no topic that begins with `$` [MQTT-4.7.2-1].
    let wild = !topic.startsWith('$')
    let start = 0
    while (nodes.length > 0 && start <= topic.length) {
      let end = topic.indexOf('/', start)
      if (end === -1) end = topic.length
      const level = topic.slice(start, end)
      const below: Node<E>[] = []
      for (const node of nodes) {
        if (wild && node.all !== undefined) out.push(node.all)
        if (wild && node.plus !== undefined) below.push(node.plus)
        const child = node.children?.get(level)
        if (child !== undefined) below.push(child)
      }
      this.#visited += nodes.length
      nodes = below
      wild = true
      start = end + 1
    }
    this.#visited += nodes.length
    for (const node of nodes) {
      if (node.here !== undefined) out.push(node.here)
      // `sport/#` matches `sport` too.
      if (node.all !== undefined) out.push(node.all)
    }
  }

  #below(node: Node<E>, level: string): Node<E> {
    const known = level === '+' ? node.plus : node.children?.get(level)
    if (known !== undefined) return known
    const added = new Node(ownText(level), node)
    this.#nodes++
    if (level === '+') {
      node.plus = added
    } else {
      node.children ??= new SmallMap()
      node.children.set(added.level, added)
    }
    return added
  }

  #prune(from: Node<E>): void {
    let node = from
    while (node.parent !== undefined && isEmpty(node)) {
      const parent: Node<E> = node.parent
      if (parent.plus === node) {
        parent.plus = undefined
      } else if (parent.children?.delete(node.level)) {
        if (parent.children.size === 0) parent.children = undefined
      }
      this.#nodes--
      node = parent
    }
  }
}

function isEmpty(node: Node<unknown>): boolean {
  return (
    node.children === undefined &&
    node.plus === undefined &&
    node.here === undefined &&
    node.all === undefined
  )
}

/**
 * The same text in memory of its own. A slice of 13 characters or more is a view that keeps the whole filter (up
 * to 64 KiB) for as long as any filter has that level.
 */
function ownText(slice: string): string {
  return slice.length < 13 ? slice : (JSON.parse(JSON.stringify(slice)) as string)
}
