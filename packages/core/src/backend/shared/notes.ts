/** What middlewares of one node say to those of others: at once or not at all. */
import type { Context, Stack, Store } from '../../contract/index.ts'
import { StackError } from '../../errors/index.ts'
import { encodeFrame } from './frames.ts'
import type { SharedNode } from './shared-node.ts'

/** The longest text. */
const MOST = 1_048_576

/** @throws StackError `OPTION_INVALID` for a text that is too long. */
export function tellNodes(
  { node, peers, sender }: SharedNode,
  { subject, text, to }: Context<'tellNodes'>,
  store: Store<'tellNodes'>,
): void {
  if (text.length > MOST)
    throw new StackError('OPTION_INVALID', `tellNodes: ${subject}: say at most ${MOST} characters at a time`)
  const others = to === undefined ? [...new Set([...peers.alive, ...peers.live])].sort() : [to]
  const frame = encodeFrame({ kind: 'note', subject, text })
  for (const other of others) {
    if (other === node) continue
    sender.cast(other, frame)
    store.nodes.push(other)
  }
}

/** What others say is told to this one’s middlewares. */
export function hearNodes({ inbox }: SharedNode, stack: Stack): void {
  inbox.on('note', ({ subject, text }, { from }) => {
    stack.tell('nodeTold', { node: from, subject, text })
  })
}
