import { nextMessageId } from '../../contract/index.ts'
import { encodeFrame } from './frames.ts'
import type { Moving } from './moving.ts'
import { Cut } from './residence.ts'

/** How often it is looked whether it has come, in ms. */
const LOOK = 50

/**
 * Fulfils when all is applied that is in this node's inbox by now: what this node has sent there itself, in the name of one that is dead, too.
 * @param check Throws where it is not to be waited for any more.
 */
export async function passInbox({ node, cuts, parts }: Moving, check: () => void): Promise<void> {
  const cut = new Cut(nextMessageId())
  cuts.begin(cut)
  cut.ask([node.node])
  try {
    const mark = { kind: 'mark', owner: node.node, version: 0, tag: cut.tag } as const
    await node.sender.post(node.node, encodeFrame(mark))
    while (cut.waitsFor(node.node)) {
      check()
      await new Promise<void>((resolve) => void parts.stack.clock.after(LOOK, resolve))
    }
  } finally {
    cuts.end(cut)
  }
}
