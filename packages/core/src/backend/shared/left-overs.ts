import { readRelayed } from '../../packets/index.ts'
import * as keys from '../disk/keys.ts'
import * as nodeRecords from '../disk/node-records.ts'
import type { Change } from '../ordered-store.ts'
import type { Frame, GroupFrame, MessageFrame } from './frames.ts'
import { encodeFrame } from './frames.ts'
import type { LeftFrame } from './left-inbox.ts'
import type { LeftIntents } from './left-intents.ts'

/** No further entry comes into a batch of so many bytes. */
const BATCH_BYTES = 262_144

/** What one entry of the inbox has, encoded. */
interface LeftEntry extends Omit<LeftFrame, 'frame'> {
  readonly frames: Uint8Array[]
}

/** What others had sent to a node that is dead, and is for none of its sessions: messages for one member of a group each, and wills. */
export class LeftOvers {
  #entries: LeftEntry[] = []

  /** Keeps what a frame has. */
  take({ frame, from, seq, position }: LeftFrame): void {
    const frames = framesOf(frame)
    if (frames.length === 0) return
    const last = this.#entries.at(-1)
    if (last?.position === position) last.frames.push(...frames)
    else this.#entries.push({ from, seq, position, frames })
  }

  /** They come to this node; then nobody takes them out of the inbox again. */
  async handOn(intents: LeftIntents): Promise<void> {
    const entries = this.#entries
    this.#entries = []
    let batch: LeftEntry[] = []
    let bytes = 0
    for (const entry of entries) {
      batch.push(entry)
      for (const { length } of entry.frames) bytes += length
      if (bytes < BATCH_BYTES) continue
      await intents.take(framesIn(batch), placeBehind(batch))
      batch = []
      bytes = 0
    }
    if (batch.length > 0) await intents.take(framesIn(batch), placeBehind(batch))
  }
}

function framesIn(batch: readonly LeftEntry[]): Uint8Array[] {
  return batch.flatMap(({ frames }) => frames)
}

/** How far the inbox is read with them; an entry that comes twice is known by its number. */
function placeBehind(batch: readonly LeftEntry[]): Change[] {
  const changes = new Map<string, Change>()
  for (const { from, seq, position } of batch) {
    changes.set('', { key: keys.POSITION_KEY, value: nodeRecords.writePosition(position) })
    changes.set(from, { key: keys.originKey(from), value: nodeRecords.writeOrigin({ node: from, seq }) })
  }
  return [...changes.values()]
}

function framesOf(frame: Frame): Uint8Array[] {
  if (frame.kind === 'group' || frame.kind === 'will') return [encodeFrame(frame)]
  if (frame.kind !== 'message' || frame.groups.length === 0) return []
  return groupFramesOf(frame).map(encodeFrame)
}

function groupFramesOf({ groups, publisher, expiresAt, relayed }: MessageFrame): GroupFrame[] {
  const packet = readRelayed(relayed).encode()
  return groups.map((share) => ({
    kind: 'group',
    share,
    except: undefined,
    hops: 0,
    publisher,
    expiresAt,
    packet,
  }))
}
