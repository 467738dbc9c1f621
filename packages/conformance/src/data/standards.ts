/** What the standards demand, by the version of a test. */
import { IDS_3_1_1 } from './ids-3.1.1.ts'
import { IDS_5_0 } from './ids-5.0.ts'
import type { Unseen } from './unseen.ts'
import { UNSEEN_3_1_1 } from './unseen-3.1.1.ts'
import { UNSEEN_5_0 } from './unseen-5.0.ts'

export interface Standard {
  /** `3.1.1`. */
  readonly name: string
  /** The protocol level. */
  readonly version: 4 | 5
  /** The numbers of its statements. */
  readonly ids: readonly string[]
  /** Those without a test, and why. */
  readonly unseen: Unseen
}

export const STANDARDS: readonly Standard[] = [
  { name: '3.1.1', version: 4, ids: IDS_3_1_1, unseen: UNSEEN_3_1_1 },
  { name: '5.0', version: 5, ids: IDS_5_0, unseen: UNSEEN_5_0 },
]
