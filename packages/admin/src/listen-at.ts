import { isIP } from 'node:net'
import { StackError } from '@mqtt-stack/core'

/** Where an HTTP server listens. */
export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Reads `[host:]port`.
 * @param option Names it in the error.
 * @throws StackError `OPTION_INVALID`
 */
export function placeOf(option: string, text: string): Place {
  const [, bracketed, plain, digits = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? []
  const port = Number(digits)
  const isWrong = digits === '' || port > 65_535 || (bracketed !== undefined && isIP(bracketed) !== 6)
  if (isWrong) {
    const shown = JSON.stringify(text)
    throw new StackError(
      'OPTION_INVALID',
      `Admin: option "${option}" must be [host:]port, such as 127.0.0.1:18080, not ${shown}`,
    )
  }
  return { host: bracketed ?? plain ?? '127.0.0.1', port }
}
