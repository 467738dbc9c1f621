import type { Author, Context, Share, Store } from '../../contract/index.ts'
import { authorOf } from '../../contract/index.ts'
import type { Publish, QoS } from '../../packets/index.ts'
import { Matches } from '../../topics/index.ts'
import { isThere } from '../choose-member.ts'
import type { Disk } from '../disk/disk.ts'
import type { GivenToGroups } from '../failed-relays.ts'
import type { Subscriber } from '../subscriber.ts'
import { encodeFrame } from './frames.ts'
import type { OtherMembers, OwnMembers } from './groups.ts'
import { GroupChooser } from './groups.ts'
import type { Target } from './intents.ts'
import { writeMessageFrame } from './message-frame.ts'
import type { SharePreference } from './options.ts'
import type { NodeRoute } from './route-tree.ts'
import type { SharedNode } from './shared-node.ts'

const NO_GROUPS: readonly Share[] = []

/** What becomes of a message on other nodes. */
export interface Outgoing {
  /** Who gets it here: without the groups that other nodes were chosen for. */
  readonly local: Matches<Subscriber>
  /** The groups that other nodes were chosen for. */
  readonly chosen: ReadonlyMap<string, readonly Share[]> | undefined
}

/** Hands messages to the nodes whose clients subscribed to them. */
export class RemoteRelay {
  readonly #shared: SharedNode
  readonly #disk: Disk
  readonly #chooser: GroupChooser

  constructor(shared: SharedNode, disk: Disk, preference: SharePreference) {
    this.#shared = shared
    this.#disk = disk
    this.#chooser = new GroupChooser(preference)
  }

  /**
   * Chooses between this node and others for each group that several have; nothing where nobody elsewhere wants it.
   * @param before Groups that have it already.
   */
  plan(
    ctx: Context<'relayMessage'>,
    matches: Matches<Subscriber>,
    before?: GivenToGroups,
  ): Outgoing | undefined {
    const { tree } = this.#shared.routes
    if (tree.size === 0) return undefined
    const { subscribers, groups } = tree.match(ctx.topic)
    if (groups.length === 0)
      return subscribers.length === 0 ? undefined : { local: matches, chosen: undefined }
    const chosen = new Map<string, Share[]>()
    const elsewhere = new Set<string>()
    for (const others of groups) {
      const { name: group, filter } = others
      if (before?.has(others) === true) continue
      const share = { group, filter }
      const node = this.choose(ownMembers(matches, share), others, ctx.packet.qos)
      if (node === undefined) continue
      elsewhere.add(`${group}/${filter}`)
      const known = chosen.get(node)
      if (known === undefined) chosen.set(node, [share])
      else known.push(share)
    }
    if (elsewhere.size === 0)
      return subscribers.length === 0 ? undefined : { local: matches, chosen: undefined }
    const here = matches.groups.filter(({ name, filter }) => !elsewhere.has(`${name}/${filter}`))
    return { local: new Matches(matches.subscribers, here), chosen }
  }

  /**
   * A node that wants the message and for which too much waits; nothing where there is none. A group that has members on such nodes alone
   * counts.
   */
  fullOf({ topic, packet }: Context<'relayMessage'>, matches: Matches<Subscriber>): string | undefined {
    const { routes, sender } = this.#shared
    if (packet.qos === 0 || !sender.isSomeFull) return undefined
    const { subscribers, groups } = routes.tree.match(topic)
    const full = subscribers.find(({ node }) => sender.isFull(node))
    if (full !== undefined) return full.node
    for (const { name: group, filter, members } of groups) {
      if (ownMembers(matches, { group, filter }).members > 0) continue
      if (members.every(({ node }) => sender.isFull(node))) return members[0].node
    }
    return undefined
  }

  /**
   * The node whose member of a group gets a message: one of those for which not too much waits.
   * @returns Nothing: this node, or nobody.
   */
  choose(own: OwnMembers, others: OtherMembers, qos: QoS): string | undefined {
    const { sender } = this.#shared
    if (qos === 0 || !sender.isSomeFull) return this.#chooser.choose(own, others, qos === 0)
    const members = others.members.filter(({ node }) => !sender.isFull(node))
    const some = { members, cursor: others.cursor }
    const node = this.#chooser.choose(own, some, false)
    others.cursor = some.cursor
    return node
  }

  /**
   * Sends it to whoever wants it now. Fulfils when it is in their inboxes; nothing for QoS 0, which nobody waits for.
   * @param exactlyOnce By an intent, that is committed with what else is staged in this turn.
   */
  send(
    ctx: Context<'relayMessage'>,
    store: Store<'relayMessage'>,
    { chosen }: Outgoing,
    exactlyOnce: boolean,
  ): void | Promise<void> {
    const { packet, publisher } = ctx
    const { subscribers } = this.#shared.routes.tree.match(ctx.topic)
    store.matched += subscribers.length
    for (const groups of chosen?.values() ?? []) store.matched += groups.length
    // Since it was planned they may have gone.
    if (subscribers.length === 0 && chosen === undefined) return
    const { expiryInterval } = packet
    const expiresAt = expiryInterval === undefined ? 0 : this.#shared.clock.now() + expiryInterval * 1_000
    const author = authorOf(publisher)
    if (chosen === undefined && !(exactlyOnce && packet.qos > 0)) {
      // The frame is made once for all who get the same.
      const frame = writeMessageFrame(
        { plain: true, groups: NO_GROUPS, publisher: author, expiresAt },
        packet,
      ).view()
      return this.#post(subscribers, frame, packet.qos)
    }
    const targets = targetsOf(packet, author, expiresAt, subscribers, chosen)
    if (exactlyOnce && packet.qos > 0) return this.#shared.intents.send(this.#disk, targets)
    const { sender } = this.#shared
    if (packet.qos === 0) for (const { node, frame } of targets) sender.cast(node, frame)
    else return together(targets.map(({ node, frame }) => sender.post(node, frame)))
  }

  /** @param frame Copied, for each of them. */
  #post(nodes: readonly NodeRoute[], frame: Uint8Array, qos: QoS): void | Promise<void> {
    const { sender } = this.#shared
    if (qos === 0) {
      for (let i = 0; i < nodes.length; i++) sender.cast(nodes[i].node, frame)
      return
    }
    // Whoever waits for the same entry waits for the same promise.
    if (nodes.length === 1) return sender.post(nodes[0].node, frame)
    return together(nodes.map(({ node }) => sender.post(node, frame)))
  }

  /** A message of a group goes to a node that has members of it. Fulfils when it is there. */
  handOn(
    node: string,
    message: {
      readonly share: Share
      readonly except: string | undefined
      readonly hops: number
      readonly publisher: Author | undefined
      /** By the stack's clock; 0 for never. */
      readonly expiresAt: number
      readonly packet: Publish
    },
  ): void | Promise<void> {
    const { packet, publisher } = message
    const { sender, intents, clock } = this.#shared
    const expiresAt = clock.fromStack(message.expiresAt)
    const author = publisher && authorOf(publisher)
    const frame = encodeFrame({
      ...message,
      kind: 'group',
      publisher: author,
      expiresAt,
      packet: packet.encode(),
    })
    if (packet.qos === 0) sender.cast(node, frame)
    else return intents.send(this.#disk, [{ node, frame }])
  }
}

/** What goes to which node: the frame is made once for all who get the same. */
function targetsOf(
  packet: Publish,
  publisher: Author,
  expiresAt: number,
  nodes: readonly NodeRoute[],
  chosen: ReadonlyMap<string, readonly Share[]> | undefined,
): Target[] {
  const make = (plain: boolean, groups: readonly Share[]): Uint8Array =>
    writeMessageFrame({ plain, groups, publisher, expiresAt }, packet).done()
  const targets: Target[] = []
  const left = new Map(chosen)
  let common: Uint8Array | undefined
  for (const { node } of nodes) {
    const groups = left.get(node)
    left.delete(node)
    if (groups === undefined) common ??= make(true, NO_GROUPS)
    targets.push({ node, frame: groups === undefined ? common! : make(true, groups) })
  }
  for (const [node, groups] of left) targets.push({ node, frame: make(false, groups) })
  return targets
}

async function together(all: readonly Promise<void>[]): Promise<void> {
  await Promise.all(all)
}

/** What this node has of a group that matches. */
function ownMembers({ groups }: Matches<Subscriber>, { group, filter }: Share): OwnMembers {
  const found = groups.find((own) => own.name === group && own.filter === filter)
  return { members: found?.size ?? 0, connected: found?.members.some(isThere) === true }
}
