/** `mqtt-stack init`: a configuration to begin with. */
import { writeFile } from 'node:fs/promises'
import { StackError } from '@mqtt-stack/core'
import type { Io } from './command.ts'
import { oneFile } from './one-file.ts'
import { STARTING_FILE } from './starting-file.ts'

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'is there already, and stays as it is: name another file',
  ENOENT: 'cannot be made: its folder is missing',
  EACCES: 'cannot be made: its folder is not for this user to write to',
}

/** @throws StackError `FILE_INVALID` where the file is there, or cannot be made. */
export async function init(args: readonly string[], { stdout }: Io): Promise<number> {
  const file = oneFile('init [FILE]', args, 'broker.yaml')
  try {
    await writeFile(file, STARTING_FILE, { flag: 'wx' })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new StackError('FILE_INVALID', `${file} ${REASONS[code] ?? `cannot be made: ${message}`}`, {
      cause: error,
    })
  }
  stdout.write(`${file} is written. What it allows: mqtt-stack check ${file}\n`)
  stdout.write(`Start it: mqtt-stack --config ${file}\n`)
  return 0
}
