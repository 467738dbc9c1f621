/** `mqtt-stack sub`: prints what comes to topic filters. */
import type { OptionsSpec } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { IClientSubscribeOptions, MqttClient } from 'mqtt'
import type { ClientFlags } from './client/client-flags.ts'
import { CLIENT_FLAGS, CLIENT_SHORTS, CLIENT_WANTS, targetOf } from './client/client-flags.ts'
import { openClient, wordsOf } from './client/open-client.ts'
import { Printer } from './client/printer.ts'
import { takeProperties } from './client/properties.ts'
import type { Io } from './command.ts'
import type { CommandLineSpec } from './command-line.ts'
import { readCommandLine } from './command-line.ts'

interface SubFlags extends ClientFlags {
  topic?: readonly string[]
  qos?: number
  count?: number
  timeout?: number
  verbose?: boolean
  'no-retained'?: boolean
  'no-newline'?: boolean
  'disable-clean-session'?: boolean
  id?: string
}

const FLAGS: OptionsSpec<SubFlags> = {
  topic: { kind: 'any', default: [], doc: 'a topic filter; may be repeated' },
  qos: { kind: 'number', default: 0, max: 2, doc: 'at most this QoS' },
  count: { kind: 'number', optional: true, min: 1, doc: 'exit after so many messages' },
  timeout: { kind: 'number', optional: true, min: 1, unit: 's', doc: 'exit with 27 after so many seconds' },
  verbose: { kind: 'boolean', default: false, doc: 'the topic before each message' },
  'no-retained': { kind: 'boolean', default: false, doc: 'leave out what was kept from before' },
  'no-newline': { kind: 'boolean', default: false, doc: 'no line end behind a message' },
  'disable-clean-session': {
    kind: 'boolean',
    default: false,
    doc: 'go on with the session of this client identifier, which stays; needs --id',
  },
  id: { kind: 'string', optional: true, doc: 'client identifier; one that nobody has without it' },
  ...CLIENT_FLAGS,
}

export const SUB_LINE: CommandLineSpec<SubFlags> = {
  name: 'sub',
  operands: [],
  doc: 'Prints each message as it is, and a line end; on a terminal what would move its cursor is shown as \\u001b. Ends with Ctrl-C, or by --count, and exits with 0 then; with 27 by --timeout, with 2 where the broker refuses the subscription, and with 1 where flags are wrong, or there is no connection, or none any more. Properties of 5.0: -D PACKET NAME VALUE, such as -D subscribe subscription-identifier 7.',
  flags: FLAGS,
  wants: { ...CLIENT_WANTS, topic: 'filter', qos: 'qos', count: 'n', timeout: 'seconds', id: 'id' },
  shorts: {
    ...CLIENT_SHORTS,
    topic: 't',
    qos: 'q',
    count: 'C',
    timeout: 'W',
    verbose: 'v',
    'no-retained': 'R',
    'no-newline': 'N',
    'disable-clean-session': 'c',
    id: 'i',
  },
  repeated: ['topic'],
}

const COMMAND = 'mqtt-stack sub'
/** The broker refuses a filter. */
const REFUSED = 2
/** A session that is kept is kept for as long as a broker will. */
const FOR_EVER = 0xffff_ffff

/** @returns 0, 2 where a filter is refused, 27 where the time was over. */
export async function sub(args: readonly string[], io: Io): Promise<number> {
  const { args: rest, properties } = takeProperties(COMMAND, args)
  const line = readCommandLine(SUB_LINE, rest)
  if (typeof line === 'string') {
    io.stdout.write(line)
    return 0
  }
  const { flags } = line
  const isKept = flags['disable-clean-session']
  if (isKept && flags.id === undefined)
    throw new StackError(
      'OPTION_MISSING',
      `${COMMAND}: --disable-clean-session needs --id: whose session is it?`,
    )
  const connect = isKept ? { sessionExpiryInterval: FOR_EVER, ...properties.connect } : properties.connect
  const is5 = flags['protocol-version'].endsWith('5')
  const target = targetOf(COMMAND, flags, { ...properties, ...(is5 && connect !== undefined && { connect }) })
  const filters = flags.topic.length > 0 ? flags.topic : [target.topic].filter((one) => one !== undefined)
  if (filters.length === 0)
    throw new StackError('OPTION_MISSING', `${COMMAND}: --topic is missing: -t FILTER`)
  const options = { ...target.options, clean: !isKept }
  const subscribe: IClientSubscribeOptions = {
    qos: flags.qos as 0 | 1 | 2,
    ...(properties.subscribe !== undefined && { properties: properties.subscribe }),
  }
  const printer = new Printer(COMMAND, flags, io)
  const client = await openClient({ ...target, options }, flags.id, (made) => printer.read(made))
  const end = printer.end(client)
  // What its session has kept may be all that it is to print.
  const first = await Promise.race([end, refusalOf(client, filters, subscribe)])
  if (first === undefined || typeof first === 'number') return end
  client.stream.destroy()
  io.stderr.write(`${COMMAND}: ${first}\n`)
  return REFUSED
}

/** What the broker does not grant, in words. */
async function refusalOf(
  client: MqttClient,
  filters: readonly string[],
  options: IClientSubscribeOptions,
): Promise<string | undefined> {
  try {
    const granted = await client.subscribeAsync([...filters], options)
    const no = granted.filter(({ qos }) => qos > 2).map(({ topic }) => topic)
    return no.length > 0 ? `refused: ${no.join(', ')}` : undefined
  } catch (error) {
    return `${filters.join(', ')}: ${wordsOf(error as Error)}`
  }
}
