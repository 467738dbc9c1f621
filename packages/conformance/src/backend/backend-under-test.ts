/** What the suite has to know about a backend to test it. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { VirtualClock } from '@mqtt-stack/testing'

/** What a backend can do beyond the process and the machine that it runs in; what it cannot do is not tested. */
export interface Capabilities {
  /** What was answered outlives the process: needs `reopen`, `crash`, `holdCommits` and `failWrites`. False by default. */
  readonly durable?: boolean
  /** Several brokers share the storage: needs `service`, `join`, `crash` and `cut`. False by default. */
  readonly distributed?: boolean
}

/** Bounds that a test wants; a backend may have others as well. What is left out is the backend's own default. */
export interface Bounds {
  /** How many sessions there may be. */
  readonly sessions?: number
  /** How many messages a session's log may hold. */
  readonly sessionMessages?: number
  /** How many topics may have a retained message. */
  readonly retainedMessages?: number
}

/** A backend, and what a test may do to what is beneath it. */
export interface BackendUnderTest {
  /** New and not started: each test puts it into a stack of its own. */
  readonly backend: MiddlewareLike
  /** Makes a new backend over the same storage; the earlier one was stopped, or has crashed. */
  reopen?(): BackendUnderTest | Promise<BackendUnderTest>
  /**
   * As if the process was killed: nothing that the backend does from now on reaches the storage. A commit that is under
   * way is lost, or is written although nobody hears of it; a storage that cannot choose may do either.
   */
  crash?(underWay: 'lost' | 'written'): void | Promise<void>
  /** From now on each commit waits until it is let through. */
  holdCommits?(): HeldCommits
  /** From now on each commit fails, until the function that it answers is called. */
  failWrites?(): () => void
  /** What all brokers over this storage have in common. */
  readonly service?: ServiceUnderTest
  /** A further broker's backend over the same storage, while this one goes on. */
  join?(): BackendUnderTest | Promise<BackendUnderTest>
  /** The storage is out of reach for this broker alone, until the function that it answers is called. */
  cut?(): () => void
  /** Called behind each test, with the backends stopped. */
  close?(): void | Promise<void>
}

/** The storage that several brokers share. */
export interface ServiceUnderTest {
  /** The clock of all brokers. */
  readonly clock: VirtualClock
  /** How long it takes until others know that a broker is gone, in ms. */
  readonly lease: number
  /** Lets so many ms pass, by the clock of the brokers and by whatever the storage goes by. */
  pass(ms: number): Promise<void>
  /** How many things of each kind the storage holds now; those called `names` and `retained` are none where nothing is kept. */
  left(): Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>
}

/** Commits that wait. */
export interface HeldCommits {
  /** Lets the next commit through; fulfils when whoever waited for it was told. False where no commit waits. */
  next(): Promise<boolean>
  /** Lets through all that wait, and all that come. */
  release(): void
}

/** Makes a backend over a storage of its own, which is empty. */
export type CreateBackend = (bounds: Bounds) => BackendUnderTest | Promise<BackendUnderTest>
