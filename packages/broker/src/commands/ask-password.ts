/** Asks for a password: on a terminal without an echo, otherwise from what stdin holds. */
import { StringDecoder } from 'node:string_decoder'
import { StackError } from '@mqtt-stack/core'
import type { Io } from './command.ts'

/** The longest text that a CONNECT can have. */
const MOST_BYTES = 65_535

/**
 * The password for `who`: typed twice on a terminal, or the one line that stdin holds.
 * @param command Who asks, for errors: `mqtt-stack passwd`.
 * @throws StackError `OPTION_INVALID` where there is none, both differ, or it is too long.
 */
export async function askPassword(command: string, who: string, io: Io): Promise<string> {
  try {
    return await ask(who, io)
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    throw new StackError('OPTION_INVALID', `${command}: ${error.message}: nothing was changed`)
  }
}

/** What cannot be a password. */
class Unusable extends Error {}

async function ask(who: string, io: Io): Promise<string> {
  if (io.stdin.isTTY !== true) return checked(lineOf(await readAll(io.stdin)))
  const password = checked(await askHidden(`Password of ${who}: `, io))
  if ((await askHidden('Once more: ', io)) !== password) throw invalid('the two passwords differ')
  return password
}

/** What is typed until Enter; nothing of it is shown. */
function askHidden(question: string, { stdin, stderr }: Io): Promise<string> {
  stderr.write(question)
  const decoder = new StringDecoder('utf8')
  let typed: string[] = []
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      stdin.off('data', take)
      stdin.setRawMode?.(false)
      stdin.pause()
      stderr.write('\n')
      settle()
    }
    const take = (chunk: Buffer): void => {
      const keys = Array.from(decoder.write(chunk))
      for (const [at, key] of keys.entries()) {
        if (key === '\r' || key === '\n') {
          end(() => resolve(typed.join('')))
          // What was pasted behind the line is the next answer.
          const rest = keys.slice(at + 1).join('')
          if (rest !== '') stdin.unshift(Buffer.from(rest))
          return
        }
        if (key === INTERRUPT || key === END) {
          end(() => reject(invalid('no password was given')))
          return
        }
        if (key === BACKSPACE || key === '\b') typed.pop()
        else if (key === KILL) typed = []
        else typed.push(key)
      }
    }
    stdin.setRawMode?.(true)
    stdin.on('data', take)
    stdin.resume()
  })
}

/** What keys send: Ctrl+C, Ctrl+D, Ctrl+U and Backspace. */
const INTERRUPT = '\u0003'
const END = '\u0004'
const KILL = '\u0015'
const BACKSPACE = '\u007f'

async function readAll(stdin: Io['stdin']): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin) {
    chunks.push(chunk as Buffer)
    length += (chunk as Buffer).length
    if (length > MOST_BYTES + 2) throw tooLong()
  }
  return Buffer.concat(chunks)
}

function lineOf(bytes: Buffer): string {
  const text = bytes.toString().replace(/\r?\n$/, '')
  if (/[\r\n]/.test(text)) throw invalid('stdin holds more than one line: give it the password alone')
  return text
}

function checked(password: string): string {
  if (password === '') throw invalid('a password is needed, and it is empty')
  if (Buffer.byteLength(password) > MOST_BYTES) throw tooLong()
  return password
}

const tooLong = (): Unusable => invalid(`the password is longer than ${MOST_BYTES} bytes`)

const invalid = (what: string): Unusable => new Unusable(what)
