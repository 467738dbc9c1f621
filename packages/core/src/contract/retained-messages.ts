import { StackError } from '../errors/index.ts'
import { isValidTopicFilter, parseShare } from '../topics/index.ts'
import type { Context, RetainedMessage } from './callbacks/index.ts'
import type { OptionsSpec } from './options.ts'
import { resolveOptions } from './options.ts'
import type { Stack } from './stack.ts'

export interface RetainedRange {
  /** Only topics that sort behind this one (by UTF-16 code unit); absent: from the first. */
  readonly after?: string | undefined
  /** So many are looked up at a time; 100 by default. */
  readonly page?: number
}

const RANGE: OptionsSpec<RetainedRange> = {
  after: { kind: 'string', optional: true, doc: 'only topics that sort behind this one' },
  page: { kind: 'number', default: 100, min: 1, doc: 'how many are looked up at a time' },
}

/**
 * Retained messages whose topics match a filter, in the order of their topics, looked up page by page: no list of all is
 * made. What is there from the first page to the last comes exactly once.
 * @throws StackError `FILTER_INVALID` for what is no topic filter, or shared; `OPTION_UNKNOWN` or `OPTION_INVALID`; those
 * of the backend.
 */
export async function* retainedMessages(
  stack: Stack,
  filter: string,
  range: RetainedRange = {},
): AsyncGenerator<RetainedMessage, void, void> {
  const { after, page: limit } = resolveOptions('retained', range, RANGE)
  if (!isValidTopicFilter(filter) || parseShare(filter) !== undefined)
    throw new StackError('FILTER_INVALID', `not a topic filter: ${JSON.stringify(filter)}`)
  let last: string | undefined = after
  while (true) {
    const ctx: Context<'lookupRetainedMessages'> = {
      topic: filter,
      limit,
      ...(last !== undefined && { after: last }),
    }
    const page = await stack.call('lookupRetainedMessages', ctx)
    const now = stack.clock.now()
    for (const message of page) if (message.expiresAt === 0 || message.expiresAt > now) yield message
    last = page.at(-1)?.topic
    if (page.length < limit) return
  }
}
