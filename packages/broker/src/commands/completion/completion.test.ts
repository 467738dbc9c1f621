/** What shells complete behind `mqtt-stack`: each is really run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { needs, programPath } from '../../../../../test/support/needs.ts'
import { spawned } from '../../../../../test/support/spawned.ts'
import { COMMANDS } from '../index.ts'
import { placesOf } from './completion.ts'
import { SHELLS } from './shells.ts'

async function said(command: string, args: readonly string[]): Promise<string> {
  const out: string[] = []
  const stdout = { write: (text: string | Uint8Array) => out.push(String(text)) }
  const io = { stdin: Readable.from([]), stdout, stderr: stdout, env: {} }
  await COMMANDS[command].run(args, io)
  return out.join('')
}

/** What is completed: the words behind `mqtt-stack`, and what the last of them may become. */
const CASES: readonly (readonly [words: string, wanted: string])[] = [
  ['pa', 'passwd'],
  ['--log-f', '--log-format'],
  ['ctl sess', 'session sessions'],
  ['ctl --', '--help'],
  ['bench ', 'conn pub sub'],
  ['ctl clients --se', '--search'],
  ['ctl clients --search lamp --li', '--limit'],
  ['ctl kick --to', '--token --token-file'],
  ['ctl top q', 'queues'],
  ['ctl log-level w', 'warn'],
  ['why --fr', '--from'],
  ['trace --ad', '--address'],
  ['bench pub --message-', '--message-interval'],
  ['passwd --d', '--delete'],
  ['completion z', 'zsh'],
  ['--log-level d', 'debug'],
  ['--verbose --log-level d', 'debug'],
  ['-p 1883 --no', '--no-ws --node'],
  ['pub -V mqttv31', 'mqttv31 mqttv311'],
  ['pub --topic ', ''],
  ['ctl kick ', ''],
  ['check my', 'my-broker.yaml'],
  ['--config my', 'my-broker.yaml'],
  ['pub --file my', 'my-broker.yaml'],
]

/** How a shell is asked for one of them. */
type Ask = (words: readonly string[]) => string

const quoted = (word: string): string => `'${word}'`

const ASK: Readonly<Record<(typeof SHELLS)[number], Ask>> = {
  bash: (words) =>
    `COMP_WORDS=(mqtt-stack ${words.map(quoted).join(' ')}); COMP_CWORD=${words.length}; _mqtt_stack 2>&1; echo \${COMPREPLY[@]}`,
  zsh: (words) =>
    `words=(mqtt-stack ${words.map(quoted).join(' ')}); CURRENT=${words.length + 1}; print -r -- $(_mqtt_stack)`,
  fish: (words) =>
    `echo (complete -C ${quoted(['mqtt-stack', ...words].join(' '))} | string replace -r '\t.*' '')`,
}
const START: Readonly<Record<string, readonly [flag: string, code: string]>> = {
  bash: ['--norc', 'compopt() { :; }'],
  // What the shell's own functions are asked is printed in their place.
  zsh: [
    '-f',
    `compdef() { }
    shown() { local one; for one in "$@"; do if [[ $one == $words[CURRENT]* ]] print -r -- $one; done }
    compadd() { shift; shown "$@" }
    _describe() { shown "\${(@)\${(@P)2}%%:*}" }
    _files() { shown *(N) }`,
  ],
  fish: ['--no-config', ''],
}

/** All that is loaded for it is loaded once. */
const scripts: Record<string, string> = {}
beforeAll(async () => {
  for (const shell of SHELLS) scripts[shell] = await said('completion', [shell])
})

describe.each(SHELLS)('%s', (shell) => {
  it('completes commands, flags, their values and files', async (context) => {
    needs(context, shell)
    const folder = mkdtempSync(join(tmpdir(), 'mqtt-stack-completion-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'script'), scripts[shell])
    writeFileSync(join(folder, 'my-broker.yaml'), '')
    const [flag, start] = START[shell]
    const asked = CASES.map(([words]) => ASK[shell](words.split(' ')))
    const code = [start, `cd ${folder}`, 'source ./script', ...asked].join('\n')
    const env = { HOME: folder, PATH: process.env.PATH }
    const run = spawned(programPath(shell) as string, [flag, '-c', code], { env })
    await run.exited
    expect(run.stderr).toBe('')
    const answers = run.stdout.split('\n').map((line) => line.split(' ').sort().join(' '))
    expect(CASES.map(([words], i) => [words, answers[i]])).toEqual(CASES)
  })
})

describe('what is completed', () => {
  it('are the flags that each command explains', async () => {
    const places = await placesOf(COMMANDS)
    for (const { words, flags } of places.filter(({ next, words: at }) => at !== '' && next.length === 0)) {
      const [command, ...rest] = words.split(' ')
      const help = await said(command, [...rest, '--help'])
      const told = [...help.matchAll(/^ {2}(?:(?:-\w, )| {4})?--([\w-]+)/gm)].map(([, name]) => name)
      expect([words, flags.map(({ name }) => name)]).toEqual([words, told.length > 0 ? told : ['help']])
    }
    expect(places.map(({ words }) => words)).toEqual(
      expect.arrayContaining(['', 'ctl', 'ctl kick', 'bench pub', 'why']),
    )
  })

  it('no other shell', async () => {
    await expect(said('completion', ['tcsh'])).rejects.toThrow(
      'mqtt-stack completion: say for which shell: bash, zsh, fish',
    )
  })
})
