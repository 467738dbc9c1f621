import type { OptionsSpec, Resolved } from '../contract/index.ts'
import { resolveOptions } from '../contract/index.ts'
import { StackError } from '../errors/index.ts'
import type { Publish, QoS } from '../packets/index.ts'
import { isValidTopicFilter, parseShare } from '../topics/index.ts'

/** How the process subscribes. */
export interface OwnSubscriptionOptions {
  /** The most that messages come with; 0 by default. */
  readonly qos?: QoS
  /** The group that it shares the filter with, so that each message goes to one of its members. */
  readonly share?: string
  /** Messages keep their retain flag; false by default. */
  readonly retainAsPublished?: boolean
  /** Whether what is retained already comes first; true by default. A shared subscription gets none of it. */
  readonly retained?: boolean
  /** Calls of the listener at a time; 1 by default: each is waited for, in order. */
  readonly concurrency?: number
  /** Messages that may wait for the listener; 1,000 by default. Of QoS 0 further ones are dropped and told; others wait in the broker. */
  readonly queue?: number
  /** Bytes of them; 8 MiB by default. */
  readonly queueBytes?: number
  /** Ends it. */
  readonly signal?: AbortSignal
  /** Takes what the listener throws; by default the stack's `errorHandler`. */
  readonly onError?: (error: Error, packet: Publish) => void
}

const COUNT = { kind: 'number', min: 1, max: 65_535 * 65_535 } as const

const OPTIONS: OptionsSpec<OwnSubscriptionOptions> = {
  qos: { kind: 'number', choices: [0, 1, 2], default: 0, doc: 'the most that messages come with' },
  share: { kind: 'string', optional: true, doc: 'the group' },
  retainAsPublished: { kind: 'boolean', default: false, doc: 'messages keep their retain flag' },
  retained: { kind: 'boolean', default: true, doc: 'what is retained already comes first' },
  concurrency: { ...COUNT, default: 1, doc: 'calls of the listener at a time' },
  queue: { ...COUNT, default: 1_000, doc: 'messages that may wait' },
  queueBytes: { ...COUNT, default: 8_388_608, doc: 'bytes of them' },
  signal: { kind: 'any', optional: true, doc: 'ends it' },
  onError: { kind: 'function', optional: true, doc: 'takes what the listener throws' },
}

/**
 * What is asked for, with its defaults.
 * @throws StackError `FILTER_INVALID`, `OPTION_UNKNOWN` or `OPTION_INVALID`.
 */
export function resolveSubscription(
  filter: string,
  listener: unknown,
  options: OwnSubscriptionOptions,
): { filter: string; options: Resolved<OwnSubscriptionOptions> } {
  const resolved = resolveOptions('subscribe', options, OPTIONS)
  const { share, concurrency, queue, queueBytes } = resolved
  const whole = share === undefined ? filter : `$share/${share}/${filter}`
  if (typeof filter !== 'string' || !isValidTopicFilter(whole) || parseShare(whole)?.malformed === true)
    throw new StackError('FILTER_INVALID', `not a topic filter: ${JSON.stringify(whole)}`)
  if (typeof listener !== 'function')
    throw new StackError(
      'OPTION_INVALID',
      `subscribe: the listener must be a function, not ${String(listener)}`,
    )
  for (const [name, value] of Object.entries({ concurrency, queue, queueBytes })) {
    if (Number.isInteger(value)) continue
    throw new StackError('OPTION_INVALID', `subscribe: option "${name}" must be a whole number, not ${value}`)
  }
  return { filter: whole, options: resolved }
}
