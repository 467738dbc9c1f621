/** What the command does, from its arguments to its exit code. */
import { printable } from '@mqtt-stack/core'
import { helpText, readFlags } from './cli-options.ts'
import { commandOf } from './commands/index.ts'
import { checkNpmFlags } from './npm-flags.ts'
import type { HeldSignals } from './serve.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

/**
 * Runs a command, or the broker until SIGTERM or SIGINT.
 * @param args What stands behind the command.
 * @param held Signals that are there for a broker: to other commands they do what they do to any process.
 * @returns The exit code. What went wrong before the broker ran is one line on stderr.
 */
export async function runCli(args: readonly string[], held: HeldSignals): Promise<number> {
  try {
    const command = commandOf(args)
    if (command !== undefined) {
      for (const signal of [held.again, held.other]) signal.release()
      return await command.run(args.slice(1), process)
    }
    const signals = { ...held, end: nextSignal() }
    checkNpmFlags(args, process.env)
    const flags = readFlags(args)
    if (flags.config.help) process.stdout.write(helpText())
    else if (flags.config.version) process.stdout.write(`${version()}\n`)
    else await serve(flags, signals)
    return 0
  } catch (error) {
    process.stderr.write(`${oneLine(error as Error)}\n`)
    return 1
  }
}

/** SIGTERM or SIGINT, whichever is first. Later ones change nothing: npm passes on what the terminal sends to both. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT']) process.on(name, resolve)
  })
}

/** Whatever a broker or a file has put into it: it moves no cursor. */
function oneLine({ message }: Error): string {
  const text = printable(message.replace(/\s*\n\s*/g, ' '))
  return /^mqtt-stack[: ]/.test(text) ? text : `mqtt-stack: ${text}`
}
