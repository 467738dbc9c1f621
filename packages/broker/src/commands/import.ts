/** `mqtt-stack import`: the configuration that a file of Mosquitto means. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileProblem, StackError } from '@mqtt-stack/core'
import { LISTENER_OPTIONS } from '../listeners/options.ts'
import { translate } from '../mosquitto/translate.ts'
import type { Io } from './command.ts'
import { oneFile } from './one-file.ts'

/**
 * The configuration goes to stdout; what cannot be translated to stderr, a line each.
 * @throws StackError `FILE_INVALID` where the file cannot be read.
 */
export async function importMosquitto(args: readonly string[], { stdout, stderr }: Io): Promise<number> {
  const file = oneFile('import MOSQUITTO.CONF', args)
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new StackError('FILE_INVALID', `${file} cannot be read: ${fileProblem(error)}`, { cause: error })
  })
  const known = new Set(Object.values(LISTENER_OPTIONS).flatMap((rows) => Object.keys(rows)))
  const { yaml, notes } = translate(basename(file), text, known)
  stdout.write(yaml)
  for (const { line, text, why } of notes) stderr.write(`${basename(file)}:${line}: ${text}: ${why}\n`)
  return 0
}
