/** The commands beside the broker itself. Each is loaded by who calls it. */
import type { Command } from './command.ts'
import type { CommandLineShape } from './command-line.ts'
import { SHELLS } from './completion/shells.ts'

export type { Command, Io } from './command.ts'

export const COMMANDS: Readonly<Record<string, Command>> = {
  init: withoutFlags('init', {
    usage: '[FILE]',
    doc: 'write a configuration to begin with (broker.yaml), safe and with comments',
    run: async (args, io) => (await import('./init.ts')).init(args, io),
  }),
  check: withoutFlags('check', {
    usage: 'FILE',
    doc: 'say what a configuration lets whom do, and what is wrong or weak in it',
    run: async (args, io) => (await import('./check.ts')).check(args, io),
  }),
  explain: {
    usage: 'FILE',
    doc: 'say whether somebody may do something by a configuration, who says so, and why',
    lines: async () => [(await import('./explain.ts')).EXPLAIN_LINE],
    run: async (args, io) => (await import('./explain.ts')).explainFile(args, io),
  },
  passwd: {
    usage: 'FILE USER',
    doc: 'add a user to a file of users, or change its password; with --delete remove it',
    lines: async () => [(await import('./passwd.ts')).PASSWD_LINE],
    run: async (args, io) => (await import('./passwd.ts')).passwd(args, io),
  },
  import: withoutFlags('import', {
    usage: 'MOSQUITTO.CONF',
    doc: 'print the configuration that a file of Mosquitto means, and what cannot be translated',
    run: async (args, io) => (await import('./import.ts')).importMosquitto(args, io),
  }),
  pub: {
    usage: '-t TOPIC -m TEXT',
    doc: 'publish a message, a file or the lines of stdin, with the flags of mosquitto_pub',
    lines: async () => [(await import('./pub.ts')).PUB_LINE],
    run: async (args, io) => (await import('./pub.ts')).pub(args, io),
  },
  sub: {
    usage: '-t FILTER',
    doc: 'print what is published, with the flags of mosquitto_sub',
    lines: async () => [(await import('./sub.ts')).SUB_LINE],
    run: async (args, io) => (await import('./sub.ts')).sub(args, io),
  },
  bench: {
    usage: 'conn|pub|sub',
    doc: 'connect, publish or subscribe with many clients and count, with the flags of mqttx bench',
    lines: async () => {
      const { benchSpec, MODES } = await import('./bench/bench-flags.ts')
      return MODES.map((mode) => benchSpec(mode))
    },
    run: async (args, io) => (await import('./bench.ts')).bench(args, io),
  },
  ctl: {
    usage: 'COMMAND',
    doc: 'speak to a broker that runs with --admin: clients, sessions, retained messages and more',
    lines: async () => {
      const [{ deedLine }, { DEEDS }] = await Promise.all([import('./ctl/ctl.ts'), import('./ctl/deeds.ts')])
      return Object.entries(DEEDS).map(([name, deed]) => deedLine(`ctl ${name}`, deed))
    },
    run: async (args, io) => (await import('./ctl/ctl.ts')).ctl(args, io),
  },
  trace: aDeed('trace', {
    usage: '--client ID',
    doc: 'follow a client, a topic or an address of a broker that runs with --admin',
  }),
  why: aDeed('why', {
    usage: '--topic TOPIC --to ID',
    doc: 'say why a message did not come, by a broker that runs with --admin',
  }),
  top: {
    usage: '[--url URL]',
    doc: 'show a broker that runs with --admin at work, once a second',
    lines: async () => [(await import('./ctl/top.ts')).TOP_LINE],
    run: async (args, io) => (await import('./ctl/top.ts')).top(args, io),
  },
  completion: withoutFlags('completion', {
    usage: SHELLS.join('|'),
    doc: 'print what a shell completes behind the command',
    run: async (args, io) => (await import('./completion/completion.ts')).completion(args, io, COMMANDS),
  }),
  health: {
    usage: '[--url URL]',
    doc: 'exit with 0 where a broker answers, and with 1 where it does not',
    lines: async () => [(await import('./health.ts')).HEALTH_LINE],
    run: async (args, io) => (await import('./health.ts')).health(args, io),
  },
}

/** A command without flags of its own explains itself by `--help`, too. Its usage is one operand. */
function withoutFlags(name: string, { usage, doc, run }: Omit<Command, 'lines'>): Command {
  const isChoice = usage.includes('|')
  const line: CommandLineShape = {
    name,
    operands: [usage],
    ...(isChoice && { choices: { [usage]: usage.split('|') } }),
    doc,
    flags: {},
  }
  return {
    usage,
    doc,
    lines: async () => [line],
    async run(args, io) {
      if (!args.some((one) => one === '--help' || one === '-h')) return run(args, io)
      io.stdout.write(`Usage: mqtt-stack ${name} ${usage}\n\n${doc[0].toUpperCase()}${doc.slice(1)}.\n`)
      return 0
    },
  }
}

/** What `mqtt-stack ctl` does, as a command of its own. */
function aDeed(name: 'trace' | 'why', { usage, doc }: Pick<Command, 'usage' | 'doc'>): Command {
  const load = async () => {
    const [{ deedLine, runDeed }, { DEEDS }] = await Promise.all([
      import('./ctl/ctl.ts'),
      import('./ctl/deeds.ts'),
    ])
    return { deedLine, runDeed, deed: DEEDS[name] }
  }
  return {
    usage,
    doc,
    async lines() {
      const { deedLine, deed } = await load()
      return [deedLine(name, deed)]
    },
    async run(args, io) {
      const { runDeed, deed } = await load()
      return runDeed(name, deed, args, io)
    },
  }
}

/** The command that was called, if one was. */
export function commandOf(args: readonly string[]): Command | undefined {
  const [name = ''] = args
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}
