/** Where `/metrics` is. */
import { StackError } from '@mqtt-stack/core'

/** Where it listens. */
export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Reads `[host:]port`, as `9464`, `0.0.0.0:9464` or `[::]:9464`.
 * @throws StackError `OPTION_INVALID`
 */
export function placeOf(text: string): Place {
  const found = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]\s/]+):)?(\d{1,5})$/.exec(text)
  const port = Number(found?.[2])
  if (found === null || port > 65_535)
    throw new StackError(
      'OPTION_INVALID',
      `Metrics: option "listen" must be [host:]port, such as 9464 or 0.0.0.0:9464, not ${JSON.stringify(text)}`,
    )
  return { host: found[1]?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port }
}
