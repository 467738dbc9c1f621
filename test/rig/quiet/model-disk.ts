import type { Change, Entry, KeyRange, OrderedStore } from '@mqtt-stack/core/backend'
import { SortedBytes } from '../../../packages/testing/src/sorted-bytes.ts'
import type { Random } from './random.ts'

/** Turns of the event loop that a commit, or a read, takes at most. */
const LATE = 6

/** A disk that outlives the processes that write to it; it is late, fails, and hangs, as it is told. */
export class ModelDisk {
  readonly values: SortedBytes = new SortedBytes()
  readonly random: Random
  /** Writes fail. */
  failing = false
  /** Writes, and with `readsToo` reads, take some turns. */
  late = false
  readsToo = false
  #held: (() => void)[] | undefined

  constructor(random: Random) {
    this.random = random
  }

  /** From now on writes wait for {@link release}. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    const held = this.#held
    this.#held = undefined
    for (const go of held ?? []) go()
  }

  get isHeld(): boolean {
    return this.#held !== undefined
  }

  async pass(): Promise<void> {
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve))
  }
}

/** The disk as one process has it open; one that was killed hears nothing any more, and changes nothing. */
export class ProcessStore implements OrderedStore {
  readonly #disk: ModelDisk
  isKilled = false

  constructor(disk: ModelDisk) {
    this.#disk = disk
  }

  open(): void {}

  close(): void {}

  read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    const { readsToo, random } = this.#disk
    if (!readsToo) return this.#read(range, limit)
    return turns(random.below(LATE)).then(() => this.#read(range, limit))
  }

  #read(range: KeyRange, limit: number): readonly Entry[] | Promise<readonly Entry[]> {
    return this.isKilled ? new Promise(() => {}) : this.#disk.values.read(range, limit)
  }

  async write(batch: readonly Change[]): Promise<void> {
    const disk = this.#disk
    await disk.pass()
    if (disk.late) await turns(disk.random.below(LATE))
    if (this.isKilled) return new Promise(() => {})
    if (disk.failing) throw new Error('no space')
    disk.values.write(batch)
    // It may be killed before it hears of it.
    if (disk.late) await turns(disk.random.below(LATE))
    if (this.isKilled) return new Promise(() => {})
  }
}

/** So many turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate)
}
