/** A start that fails lets go of the store, whoever failed: nothing is left open for a process that goes on. */
import { MemoryStore, RecordingLogger, VirtualClock } from '@mqtt-stack/testing'
import { describe, expect, it } from 'vitest'
import { StoredBackend } from '../../../../test/rig/stored-backend.ts'
import type { MiddlewareLike } from '../contract/index.ts'
import { Stack } from '../stack/index.ts'
import type { Entry } from './ordered-store.ts'

/** Counts what it is asked for, and fails where it is told to. */
class WatchedStore extends MemoryStore {
  opened = 0
  closed = 0
  reads = 0
  failOpen = false
  /** The read of this number fails. */
  failRead = 0
  failClose = false

  override open(): void {
    this.opened++
    if (this.failOpen) throw new Error('cannot open')
    super.open()
  }

  override close(): void {
    this.closed++
    if (this.failClose) throw new Error('cannot close')
  }

  override read(...args: Parameters<MemoryStore['read']>): readonly Entry[] {
    if (++this.reads === this.failRead) throw new Error('cannot read')
    return super.read(...args)
  }
}

function stackOver(store: WatchedStore, ...others: MiddlewareLike[]): Stack {
  const options = { strict: true, clock: new VirtualClock(), logger: new RecordingLogger() }
  return new Stack(options).use(...others, new StoredBackend(undefined, store))
}

describe('the store is closed once, and the start rejects with what went wrong', () => {
  it('where it cannot be opened', async () => {
    const store = new WatchedStore()
    store.failOpen = true
    await expect(stackOver(store).start()).rejects.toThrow('cannot open')
    expect(store).toMatchObject({ opened: 1, closed: 1, reads: 0 })
  })

  it.each([1, 2, 5])('where read %i fails', async (failRead) => {
    const store = new WatchedStore()
    store.failRead = failRead
    await expect(stackOver(store).start()).rejects.toThrow('cannot read')
    expect(store).toMatchObject({ opened: 1, closed: 1, reads: failRead })
  })

  it('where what it holds is nobody’s of ours', async () => {
    const store = new WatchedStore()
    await store.write([{ key: Uint8Array.of(1), value: Uint8Array.of(99) }])
    await expect(stackOver(store).start()).rejects.toMatchObject({ code: 'STORE_FORMAT' })
    expect(store).toMatchObject({ opened: 1, closed: 1, commits: 1 })
  })

  it('where the first commit fails', async () => {
    const store = new WatchedStore()
    store.failure = new Error('cannot write')
    await expect(stackOver(store).start()).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(store).toMatchObject({ opened: 1, closed: 1 })
  })

  it('where it cannot be closed either', async () => {
    const store = new WatchedStore()
    store.failOpen = store.failClose = true
    await expect(stackOver(store).start()).rejects.toThrow('cannot open')
    expect(store.closed).toBe(1)
  })

  it('where another middleware cannot start behind it', async () => {
    const store = new WatchedStore()
    const other: MiddlewareLike = {
      name: 'Other',
      start() {
        throw new Error('cannot start')
      },
    }
    await expect(stackOver(store, other).start()).rejects.toThrow('cannot start')
    expect(store).toMatchObject({ opened: 1, closed: 1 })
  })
})

it('no timer is left of it', async () => {
  const store = new WatchedStore()
  store.failRead = 1
  const stack = stackOver(store)
  await expect(stack.start()).rejects.toThrow('cannot read')
  expect((stack.clock as VirtualClock).timers).toBe(0)
})
