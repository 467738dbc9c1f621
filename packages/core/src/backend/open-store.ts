import type { Parts } from './parts.ts'
import { Restoration } from './restoration.ts'
import type { SessionLife } from './session-life.ts'
import { Moves } from './shared/moves.ts'
import { hearNodes } from './shared/notes.ts'

/** Opens what a backend is over, and reads what an earlier process left; nothing where all is in memory. */
export function openStore(parts: Parts, keeper: SessionLife): Promise<void> | undefined {
  const { disk, shared, sharedRetained } = parts
  if (disk === undefined) return undefined
  const open = (): Promise<void> => disk.open(new Restoration(parts, disk))
  if (shared === undefined) return open()
  shared.moves = new Moves({ parts, disk, node: shared, keeper })
  hearNodes(shared, parts.stack)
  const restore = (): Promise<void> => open().then(() => shared.moves.restore())
  return shared.start(restore, disk, () => sharedRetained?.start())
}
