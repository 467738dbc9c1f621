/** What the command logs: lines for a person on a terminal, JSON otherwise. Written at once, so nothing is lost at exit. */
import type { Logger } from '@mqtt-stack/core'
import type { Logger as PinoLogger } from 'pino'
import { destination, pino, stdTimeFunctions } from 'pino'

const STDOUT = 1
const CONTROL = /\p{Cc}/gu

/** @param verbose Debug messages too. */
export async function createLogger(verbose: boolean, terminal: boolean): Promise<Logger> {
  const options = {
    level: verbose ? 'debug' : 'info',
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
  }
  const log = pino(options, terminal ? await prettyStream() : destination({ fd: STDOUT, sync: true }))
  const at = (level: 'error' | 'warn' | 'info' | 'debug'): Logger['error'] => logAt(log, level)
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}

function logAt(log: PinoLogger, level: 'error' | 'warn' | 'info' | 'debug'): Logger['error'] {
  return (message, cause) => log[level](cause === undefined ? {} : { err: cause }, printable(message))
}

/** What clients name themselves and their topics must not move the cursor of whoever reads the log. */
function printable(message: string): string {
  return message.replace(
    CONTROL,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

async function prettyStream(): Promise<NodeJS.WritableStream> {
  const { default: pretty } = await import('pino-pretty')
  return pretty({
    destination: STDOUT,
    sync: true,
    ignore: 'pid',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
}
