/**
 * Looks into a file of LMDB before LMDB does: of a file that is damaged, or not its own, LMDB makes a crash of the
 * whole process. The layout is that of its data version 2.
 */
import { Buffer } from 'node:buffer'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
const PAGE_HEADER = 24
const MIN_PAGE = 512
const MAX_PAGE = 65_536
const NO_PAGE = 0xffff_ffff_ffff_ffffn
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
/** The value of this entry is on pages of its own. */
const ELSEWHERE = 0x01
/** Places in a meta page, behind the page's header: the version, the two trees, the transaction that wrote it. */
const META = { version: 4, free: 24, main: 72, transaction: 128 }
/** Places in the record of a tree. */
const TREE = { flags: 4, depth: 6, entries: 32, root: 40 }
/** In the flags of the tree of free pages: the commit is not on the disk yet. */
const UNFLUSHED = 0x1000

/** What a file seems to be by its first pages. */
export type Look = 'absent' | 'foreign' | 'newer' | 'damaged' | 'sound'

/** Looks at a file's first pages. */
export function lookAt(path: string): Look {
  return reading(path, (file) => {
    if (file === undefined || file.size === 0) return 'absent'
    const start = file.read(0, 256)
    if (start.readUInt32LE(PAGE_HEADER) !== MAGIC)
      return start.every((byte) => byte === 0) ? 'damaged' : 'foreign'
    const version = start.readUInt32LE(PAGE_HEADER + META.version) & 0xffff
    if (version !== DATA_VERSION) return version > DATA_VERSION ? 'newer' : 'foreign'
    const size = start.readUInt32LE(PAGE_HEADER + META.free)
    const possible = size >= MIN_PAGE && size <= MAX_PAGE && (size & (size - 1)) === 0
    if (!possible || file.size < 2 * size) return 'damaged'
    return file.read(size, 64).readUInt32LE(PAGE_HEADER) === MAGIC ? 'sound' : 'damaged'
  })
}

/** Whether the last commit of a sound file was never seen to reach the disk. */
export function isUnflushed(path: string): boolean {
  return reading(path, (file) => {
    const metas = file === undefined ? [] : metasOf(file)
    const newest = metas.reduce((a, b) => (transactionOf(a) > transactionOf(b) ? a : b), metas[0])
    return newest !== undefined && (newest.readUInt16LE(META.free + TREE.flags) & UNFLUSHED) !== 0
  })
}

/**
 * Goes through every page that a transaction sees.
 * @param path A file that looks sound.
 * @param transaction The one that LMDB reads from, by its number.
 * @returns What is wrong; undefined: nothing.
 */
export function findDamage(path: string, transaction: number): string | undefined {
  return reading(path, (file) => {
    if (file === undefined) return
    const meta = metasOf(file).find((one) => transactionOf(one) === BigInt(transaction))
    if (meta === undefined) return `no page tells of transaction ${transaction}`
    const pages = new Pages(file, metasOf(file)[0].readUInt32LE(META.free))
    try {
      for (const at of [META.free, META.main]) pages.checkTree(meta.subarray(at, at + 48))
      return
    } catch (error) {
      return (error as Error).message
    }
  })
}

interface OpenFile {
  readonly size: number
  /** Bytes behind the file's end are 0. */
  read(at: number, length: number): Buffer
}

function reading<T>(path: string, use: (file: OpenFile | undefined) => T): T {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return use(undefined)
    throw error
  }
  try {
    return use({
      size: fstatSync(fd).size,
      read(at, length) {
        const bytes = Buffer.alloc(length)
        readSync(fd, bytes, 0, length, at)
        return bytes
      },
    })
  } finally {
    closeSync(fd)
  }
}

/** The second half of the first page is a meta page too, where commits are flushed later. */
function metasOf(file: OpenFile): Buffer[] {
  const size = file.read(0, 256).readUInt32LE(PAGE_HEADER + META.free)
  return [0, size, size / 2].map((at) => file.read(at + PAGE_HEADER, 144))
}

function transactionOf(meta: Buffer): bigint {
  return meta.readBigUInt64LE(META.transaction)
}

/** The trees of a file, page by page. */
class Pages {
  readonly #file: OpenFile
  readonly #size: number
  readonly #count: number
  #seen = 0
  #entries = 0n

  constructor(file: OpenFile, size: number) {
    this.#file = file
    this.#size = size
    this.#count = Math.floor(file.size / size)
  }

  /** @throws Error that says which page is wrong. */
  checkTree(tree: Buffer): void {
    this.#entries = 0n
    const root = tree.readBigUInt64LE(TREE.root)
    if (root !== NO_PAGE) this.#checkPage(root, tree.readUInt16LE(TREE.depth))
    if (this.#entries !== tree.readBigUInt64LE(TREE.entries)) throw new Error('entries are missing')
  }

  #checkPage(number: bigint, depth: number): void {
    const page = this.#read(number, 1n)
    const [flags, lower, upper] = [page.readUInt16LE(18), page.readUInt16LE(20), page.readUInt16LE(22)]
    const end = this.#size - PAGE_HEADER
    if (flags !== (depth > 1 ? BRANCH : LEAF) || lower % 2 !== 0 || lower > upper || upper > end)
      throw new Error(`page ${number} is not what it should be`)
    for (let i = 0; i < lower / 2; i++) {
      const at = page.readUInt16LE(PAGE_HEADER + 2 * i)
      if (at < upper || at > end - 8) throw new Error(`page ${number} has an entry outside of it`)
      this.#checkEntry(page, at + PAGE_HEADER, depth)
    }
  }

  #checkEntry(page: Buffer, at: number, depth: number): void {
    const low = page.readUInt32LE(at)
    const [flags, key] = [page.readUInt16LE(at + 4), at + 8]
    if (depth > 1) {
      this.#checkPage((BigInt(flags) << 32n) | BigInt(low), depth - 1)
      return
    }
    this.#entries++
    const value = key + page.readUInt16LE(at + 6)
    if (value + ((flags & ELSEWHERE) === 0 ? low : 8) > this.#size)
      throw new Error(`page ${page.readBigUInt64LE()} has an entry that leaves it`)
    if ((flags & ELSEWHERE) === 0) return
    const pages = BigInt(Math.floor((PAGE_HEADER - 1 + low) / this.#size) + 1)
    const first = this.#read(page.readBigUInt64LE(value), pages)
    if (first.readUInt16LE(18) !== OVERFLOW || BigInt(first.readUInt32LE(20)) < pages)
      throw new Error(`page ${first.readBigUInt64LE()} is not what it should be`)
  }

  /** A page that starts so many in a row. */
  #read(number: bigint, pages: bigint): Buffer {
    if (number + pages > BigInt(this.#count)) throw new Error(`the file ends before page ${number}`)
    if (++this.#seen > this.#count) throw new Error('a page is in two places')
    const page = this.#file.read(Number(number) * this.#size, this.#size)
    if (page.readBigUInt64LE() !== number) throw new Error(`page ${number} is not what it should be`)
    return page
  }
}
