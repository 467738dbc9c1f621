/** `mqtt-stack explain`: whether somebody may do something by a configuration, and who says so, and why. */
import type { Logger, OptionsSpec, QoS } from '@mqtt-stack/core'
import { brokerOptionsOf } from '../config/broker-options-of.ts'
import { loadConfig } from '../config/load-config.ts'
import { createBroker } from '../create-broker.ts'
import type { Explanation } from '../explain/explanation.ts'
import type { Question } from '../explain/question.ts'
import type { Io } from './command.ts'
import type { CommandLineSpec } from './command-line.ts'
import { readCommandLine } from './command-line.ts'

interface ExplainFlags {
  user?: string
  client?: string
  groups?: string
  address?: string
  listener?: string
  publish?: string
  subscribe?: string
  will?: string
  connect?: boolean
  qos?: number
  retain?: boolean
}

const FLAGS: OptionsSpec<ExplainFlags> = {
  user: { kind: 'string', optional: true, doc: 'who it is, by authentication; nobody known without it' },
  client: { kind: 'string', optional: true, doc: 'its client identifier' },
  groups: { kind: 'string', optional: true, doc: 'the groups that it is in, with commas between' },
  address: { kind: 'string', optional: true, doc: 'where it comes from; this machine without it' },
  listener: {
    kind: 'string',
    optional: true,
    doc: 'the listener that it comes by: name or address; each of them without it',
  },
  publish: { kind: 'string', optional: true, doc: 'may it publish to this topic?' },
  subscribe: { kind: 'string', optional: true, doc: 'may it subscribe to this filter?' },
  will: { kind: 'string', optional: true, doc: 'may it leave a will for this topic?' },
  connect: { kind: 'boolean', default: false, doc: 'may it connect, with no password?' },
  qos: { kind: 'number', default: 0, max: 2, doc: 'of the message or the subscription' },
  retain: { kind: 'boolean', default: false, doc: 'the message is to be retained' },
}

export const EXPLAIN_LINE: CommandLineSpec<ExplainFlags> = {
  name: 'explain',
  operands: ['FILE'],
  doc: 'Says whether somebody may do something by a configuration, and who says so, and why, for each listener. Exits with 2 where one does not allow it. Nothing is opened or changed.',
  flags: FLAGS,
  wants: {
    user: 'name',
    client: 'id',
    groups: 'names',
    address: 'address',
    listener: 'name',
    publish: 'topic',
    subscribe: 'filter',
    will: 'topic',
    qos: 'qos',
  },
}

/** Not allowed. */
const DENIED = 2

/** @returns 0 where it is allowed, 2 where it is not. */
export async function explainFile(args: readonly string[], { stdout, stderr, env }: Io): Promise<number> {
  const line = readCommandLine(EXPLAIN_LINE, args)
  if (typeof line === 'string') {
    stdout.write(line)
    return 0
  }
  const { operands, flags } = line
  // What is stored stays closed, and nothing listens: a broker may be running with it.
  const { backend: _backend, ...options } = await brokerOptionsOf(await loadConfig(operands[0], env))
  const logger = errorsAlone((text) => stderr.write(`${text}\n`))
  const watching = { admin: false, metrics: false, tracing: false } as const
  const broker = createBroker({ ...options, ...watching, log: {}, stack: { ...options.stack, logger } })
  try {
    const question = questionOf(flags)
    const answers = await broker.explainEach(question)
    stdout.write(answers.map((one) => textOf(one, question)).join('\n'))
    return answers.every(({ allowed }) => allowed) ? 0 : DENIED
  } finally {
    await broker.close()
  }
}

function questionOf({ groups, connect, qos, retain, ...asked }: ExplainFlags): Question {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined)
  return {
    ...(Object.fromEntries(given) as Question),
    ...(groups !== undefined && { groups: groups.split(',') }),
    ...(connect === true && { connect: true as const }),
    qos: (qos ?? 0) as QoS,
    retain: retain === true,
  }
}

/** The answer as people read it. */
function textOf({ allowed, depends, reason, granted, who, steps }: Explanation, question: Question): string {
  const width = Math.max(0, ...steps.map(({ middleware }) => middleware.length)) + 2
  const lines = steps.map(({ middleware, answer, reason: why }) => {
    const said = why === undefined ? answer : `${answer}: ${why}`
    return `  ${middleware.padEnd(width)}${said}`
  })
  const qos = granted === undefined ? '' : ` at QoS ${granted}`
  return [
    `${allowed ? 'yes' : depends ? 'depends' : 'no'}: ${who}: ${wordsOf(question)}${qos}`,
    ...lines,
    `because ${reason}`,
    '',
  ].join('\n')
}

function wordsOf({ publish, subscribe, will, qos, retain }: Question): string {
  const more = `${qos ? `, QoS ${qos}` : ''}${retain === true ? ', retained' : ''}`
  if (publish !== undefined) return `publish ${publish}${more}`
  if (will !== undefined) return `leave a will for ${will}${more}`
  return subscribe === undefined ? 'connect' : `subscribe ${subscribe}`
}

function errorsAlone(write: (text: string) => void): Logger {
  const nothing = (): void => {}
  return { error: write, warn: nothing, info: nothing, debug: nothing }
}
