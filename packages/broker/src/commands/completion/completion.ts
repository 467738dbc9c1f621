/** `mqtt-stack completion`: what a shell offers behind the command, from the tables of all commands. */
import { StackError } from '@mqtt-stack/core'
import type { Command, Io } from '../command.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import type { Place } from './places.ts'
import { placeOf, placeOfWords } from './places.ts'
import { SHELLS } from './shells.ts'
import { zshScript } from './zsh.ts'

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], typeof bashScript>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/**
 * @param commands Those of `mqtt-stack`.
 * @throws StackError `OPTION_INVALID` where it is for no shell that is known.
 */
export async function completion(
  args: readonly string[],
  { stdout }: Pick<Io, 'stdout'>,
  commands: Readonly<Record<string, Command>>,
): Promise<number> {
  const [shell = ''] = args
  if (!Object.hasOwn(SCRIPTS, shell))
    throw new StackError('OPTION_INVALID', `mqtt-stack completion: say for which shell: ${SHELLS.join(', ')}`)
  const places = await placesOf(commands)
  const leads = new Set(
    places.filter(({ words }) => words.includes(' ')).map(({ words }) => words.split(' ')[0]),
  )
  stdout.write(SCRIPTS[shell as (typeof SHELLS)[number]](places, [...leads]))
  return 0
}

/** All places: that of `mqtt-stack` itself first. */
export async function placesOf(commands: Readonly<Record<string, Command>>): Promise<readonly Place[]> {
  // It needs the commands itself, to explain them.
  const { CLI_LINE } = await import('../../cli-options.ts')
  const words = Object.entries(commands).map(([word, { doc }]) => ({ word, doc }))
  const places: Place[] = [{ ...placeOf(CLI_LINE), next: words }]
  for (const [name, command] of Object.entries(commands)) {
    const lines = await command.lines()
    const isLead = lines.some((line) => line.name !== name)
    const next = lines.map((line) => ({ word: line.name.slice(name.length + 1), doc: line.doc }))
    if (isLead) places.push(placeOfWords(name, next))
    places.push(...lines.map(placeOf))
  }
  return places
}
