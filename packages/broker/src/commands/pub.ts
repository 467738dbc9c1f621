/** `mqtt-stack pub`: publishes a message, a file, or each line of stdin. */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { buffer } from 'node:stream/consumers'
import type { OptionsSpec } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { IClientPublishOptions, MqttClient } from 'mqtt'
import type { ClientFlags } from './client/client-flags.ts'
import { CLIENT_FLAGS, CLIENT_SHORTS, CLIENT_WANTS, invalid, targetOf } from './client/client-flags.ts'
import { closeClient, openClient, wordsOf } from './client/open-client.ts'
import { takeProperties } from './client/properties.ts'
import type { Io } from './command.ts'
import type { CommandLineSpec } from './command-line.ts'
import { readCommandLine } from './command-line.ts'

interface PubFlags extends ClientFlags {
  topic?: string
  message?: string
  file?: string
  'null-message'?: boolean
  'stdin-file'?: boolean
  'stdin-line'?: boolean
  qos?: number
  retain?: boolean
  id?: string
}

const FLAGS: OptionsSpec<PubFlags> = {
  topic: { kind: 'string', optional: true, doc: 'where to publish' },
  message: { kind: 'string', optional: true, doc: 'what to publish' },
  file: { kind: 'string', optional: true, doc: 'publish what is in this file' },
  'null-message': {
    kind: 'boolean',
    default: false,
    doc: 'publish nothing: with --retain, what is kept goes',
  },
  'stdin-file': { kind: 'boolean', default: false, doc: 'publish all of stdin as one message' },
  'stdin-line': { kind: 'boolean', default: false, doc: 'publish each line of stdin as a message' },
  qos: { kind: 'number', default: 0, max: 2, doc: 'of the messages' },
  retain: {
    kind: 'boolean',
    default: false,
    doc: 'the broker keeps the last of them for who subscribes later',
  },
  id: { kind: 'string', optional: true, doc: 'client identifier; one that nobody has without it' },
  ...CLIENT_FLAGS,
}

export const PUB_LINE: CommandLineSpec<PubFlags> = {
  name: 'pub',
  operands: [],
  doc: 'Publishes, and exits with 0 when the broker has it (QoS 1 and 2), or it is sent (QoS 0); with 2 where the broker refuses it, and with 1 where flags are wrong or there is no connection. Properties of 5.0: -D PACKET NAME VALUE, such as -D publish content-type text/plain or -D connect user-property a b.',
  flags: FLAGS,
  wants: { ...CLIENT_WANTS, topic: 'topic', message: 'text', file: 'file', qos: 'qos', id: 'id' },
  shorts: {
    ...CLIENT_SHORTS,
    topic: 't',
    message: 'm',
    file: 'f',
    'null-message': 'n',
    'stdin-file': 's',
    'stdin-line': 'l',
    qos: 'q',
    retain: 'r',
    id: 'i',
  },
}

const COMMAND = 'mqtt-stack pub'
/** The broker refuses a message. */
const REFUSED = 2
/** Lines of stdin that may await their acknowledgement. */
const UNDER_WAY = 20

type Payloads = (io: Io) => AsyncIterable<Buffer | string>

/** @returns 0, or 2 where the broker refuses a message. */
export async function pub(args: readonly string[], io: Io): Promise<number> {
  const { args: rest, properties } = takeProperties(COMMAND, args)
  const line = readCommandLine(PUB_LINE, rest)
  if (typeof line === 'string') {
    io.stdout.write(line)
    return 0
  }
  const { flags } = line
  const payloads = payloadsOf(flags)
  const target = targetOf(COMMAND, flags, properties)
  const topic = flags.topic ?? target.topic
  if (topic === undefined) throw new StackError('OPTION_MISSING', `${COMMAND}: --topic is missing: -t TOPIC`)
  if (topic === '' || /[+#]/.test(topic))
    throw invalid(COMMAND, `--topic: "${topic}" is no topic name: nobody publishes to + or #`)
  const client = await openClient(target, flags.id)
  const options: IClientPublishOptions = {
    qos: flags.qos as 0 | 1 | 2,
    retain: flags.retain,
    ...(properties.publish !== undefined && { properties: properties.publish }),
  }
  try {
    await publishAll(client, topic, payloads(io), options)
    await closeClient(client)
    return 0
  } catch (error) {
    client.stream.destroy()
    io.stderr.write(`${COMMAND}: ${topic}: ${wordsOf(error as Error)}\n`)
    return typeof (error as { code?: unknown }).code === 'number' ? REFUSED : 1
  }
}

/** In order; no more under way than {@link UNDER_WAY}. Rejects as soon as one fails, or the connection ends. */
async function publishAll(
  client: MqttClient,
  topic: string,
  payloads: AsyncIterable<Buffer | string>,
  options: IClientPublishOptions,
): Promise<void> {
  let fail: (error: Error) => void = () => {}
  const failure = new Promise<never>((_, reject) => {
    fail = reject
  })
  failure.catch(() => {})
  client.once('close', () => fail(new Error('the connection is lost')))
  client.once('error', fail)
  const underWay = new Set<Promise<unknown>>()
  const source = payloads[Symbol.asyncIterator]()
  for (;;) {
    // A failure does not wait for the next line of a terminal.
    const next = await Promise.race([source.next(), failure])
    if (next.done === true) break
    const one: Promise<unknown> = client.publishAsync(topic, next.value, options)
    underWay.add(one)
    one.then(() => underWay.delete(one), fail)
    if (underWay.size >= UNDER_WAY) await Promise.race([...underWay, failure])
  }
  await Promise.race([Promise.all(underWay), failure])
}

/** @throws StackError where nothing, or two things, are to be published. */
function payloadsOf(flags: PubFlags): Payloads {
  const { message, file } = flags
  const ways: readonly (readonly [string, boolean, Payloads])[] = [
    ['--message', message !== undefined, () => one(message as string)],
    ['--file', file !== undefined, () => one(contentsOf(file as string))],
    ['--null-message', flags['null-message'] === true, () => one('')],
    ['--stdin-file', flags['stdin-file'] === true, ({ stdin }) => whole(stdin)],
    ['--stdin-line', flags['stdin-line'] === true, ({ stdin }) => createInterface({ input: stdin })],
  ]
  const [way, other] = ways.filter(([, isGiven]) => isGiven)
  if (way === undefined)
    throw new StackError(
      'OPTION_MISSING',
      `${COMMAND}: what to publish is missing: -m TEXT, -f FILE, -n, -s or -l`,
    )
  if (other !== undefined)
    throw invalid(COMMAND, `${way[0]} and ${other[0]} exclude each other: leave one out`)
  return way[2]
}

async function* one(payload: Buffer | string): AsyncIterable<Buffer | string> {
  yield payload
}

async function* whole(stdin: Io['stdin']): AsyncIterable<Buffer> {
  yield await buffer(stdin as AsyncIterable<Buffer>)
}

function contentsOf(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new StackError(
      'FILE_INVALID',
      `${COMMAND}: --file: cannot read ${file}: ${(error as Error).message}`,
    )
  }
}
