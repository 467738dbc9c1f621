/** The commands beside the broker itself. Each is loaded by who calls it. */
import type { Command } from './command.ts'

export type { Command, Io } from './command.ts'

export const COMMANDS: Readonly<Record<string, Command>> = {
  init: {
    usage: '[FILE]',
    doc: 'write a configuration to begin with (broker.yaml), safe and with comments',
    run: orHelp('init', async (args, io) => (await import('./init.ts')).init(args, io)),
  },
  check: {
    usage: 'FILE',
    doc: 'say what a configuration lets whom do, and what is wrong or weak in it',
    run: orHelp('check', async (args, io) => (await import('./check.ts')).check(args, io)),
  },
  explain: {
    usage: 'FILE',
    doc: 'say whether somebody may do something by a configuration, who says so, and why',
    run: async (args, io) => (await import('./explain.ts')).explainFile(args, io),
  },
  passwd: {
    usage: 'FILE USER',
    doc: 'add a user to a file of users, or change its password; with --delete remove it',
    run: async (args, io) => (await import('./passwd.ts')).passwd(args, io),
  },
  import: {
    usage: 'MOSQUITTO.CONF',
    doc: 'print the configuration that a file of Mosquitto means, and what cannot be translated',
    run: orHelp('import', async (args, io) => (await import('./import.ts')).importMosquitto(args, io)),
  },
  pub: {
    usage: '-t TOPIC -m TEXT',
    doc: 'publish a message, a file or the lines of stdin, with the flags of mosquitto_pub',
    run: async (args, io) => (await import('./pub.ts')).pub(args, io),
  },
  sub: {
    usage: '-t FILTER',
    doc: 'print what is published, with the flags of mosquitto_sub',
    run: async (args, io) => (await import('./sub.ts')).sub(args, io),
  },
  bench: {
    usage: 'conn|pub|sub',
    doc: 'connect, publish or subscribe with many clients and count, with the flags of mqttx bench',
    run: async (args, io) => (await import('./bench.ts')).bench(args, io),
  },
  ctl: {
    usage: 'COMMAND',
    doc: 'speak to a broker that runs with --admin: clients, sessions, retained messages and more',
    run: async (args, io) => (await import('./ctl/ctl.ts')).ctl(args, io),
  },
  trace: {
    usage: '--client ID',
    doc: 'follow a client, a topic or an address of a broker that runs with --admin',
    run: async (args, io) => {
      const [{ runDeed }, { TRACE }] = await Promise.all([
        import('./ctl/ctl.ts'),
        import('./ctl/why-deeds.ts'),
      ])
      return runDeed('trace', TRACE, args, io)
    },
  },
  why: {
    usage: '--topic TOPIC --to ID',
    doc: 'say why a message did not come, by a broker that runs with --admin',
    run: async (args, io) => {
      const [{ runDeed }, { WHY }] = await Promise.all([import('./ctl/ctl.ts'), import('./ctl/why-deeds.ts')])
      return runDeed('why', WHY, args, io)
    },
  },
  top: {
    usage: '[--url URL]',
    doc: 'show a broker that runs with --admin at work, once a second',
    run: async (args, io) => (await import('./ctl/top.ts')).top(args, io),
  },
  completion: {
    usage: 'bash|zsh|fish',
    doc: 'print what a shell completes behind the command',
    run: orHelp('completion', async (args, io) =>
      (await import('./ctl/completion.ts')).completion(args, io, Object.keys(COMMANDS)),
    ),
  },
  health: {
    usage: '[--url URL]',
    doc: 'exit with 0 where a broker answers, and with 1 where it does not',
    run: async (args, io) => (await import('./health.ts')).health(args, io),
  },
}

/** A command without flags of its own explains itself by `--help`, too. */
function orHelp(name: string, run: Command['run']): Command['run'] {
  return async (args, io) => {
    if (!args.some((one) => one === '--help' || one === '-h')) return run(args, io)
    const { usage, doc } = COMMANDS[name]
    io.stdout.write(`Usage: mqtt-stack ${name} ${usage}\n\n${doc[0].toUpperCase()}${doc.slice(1)}.\n`)
    return 0
  }
}

/** The command that was called, if one was. */
export function commandOf(args: readonly string[]): Command | undefined {
  const [name = ''] = args
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}
