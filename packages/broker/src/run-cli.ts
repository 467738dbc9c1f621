/** What the command does, from its arguments to its exit code. */
import { helpText, readFlags } from './cli-options.ts'
import { commandOf } from './commands/index.ts'
import { checkNpmFlags } from './npm-flags.ts'
import { serve } from './serve.ts'
import { version } from './version.ts'

/**
 * Runs a command, or the broker until SIGTERM or SIGINT.
 * @param args What stands behind the command.
 * @returns The exit code. What went wrong before the broker ran is one line on stderr.
 */
export async function runCli(args: readonly string[]): Promise<number> {
  try {
    const command = commandOf(args)
    if (command !== undefined) return await command.run(args.slice(1), process)
    const signal = nextSignal()
    checkNpmFlags(args, process.env)
    const flags = readFlags(args)
    if (flags.config.help) process.stdout.write(helpText())
    else if (flags.config.version) process.stdout.write(`${version()}\n`)
    else await serve(flags, signal)
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

function oneLine({ message }: Error): string {
  const text = message.replace(/\s*\n\s*/g, ' ')
  return /^mqtt-stack[: ]/.test(text) ? text : `mqtt-stack: ${text}`
}
