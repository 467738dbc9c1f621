import type { Finding } from '@mqtt-stack/core'

/** A finding without whose it is. */
export type Found = Omit<Finding, 'middleware'>
