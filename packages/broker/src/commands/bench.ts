/** `mqtt-stack bench conn|pub|sub`: what a broker takes, by many clients of MQTT.js. */
import type { Resolved } from '@mqtt-stack/core'
import { StackError } from '@mqtt-stack/core'
import type { MqttClient } from 'mqtt'
import type { BenchFlags, Mode } from './bench/bench-flags.ts'
import { benchSpec, bytesOf } from './bench/bench-flags.ts'
import { Crowd, until } from './bench/crowd.ts'
import { Histogram } from './bench/histogram.ts'
import { Publisher } from './bench/publisher.ts'
import { ageOf, stamped } from './bench/stamp.ts'
import { Tally } from './bench/tally.ts'
import { invalid, targetOf } from './client/client-flags.ts'
import type { Io } from './command.ts'
import { readCommandLine } from './command-line.ts'

const USAGE =
  'Usage: mqtt-stack bench conn|pub|sub [flags]\n\nEach explains itself: mqtt-stack bench pub --help.\n'
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** What the clients do, and how it is told. */
interface Load {
  readonly crowd: Crowd
  /** How far it is, behind the clients. */
  readonly step: () => string
  /** Lines for the end. */
  readonly total: () => readonly string[]
}

type Flags = Resolved<BenchFlags>

/** @returns 1 where a client failed or was lost, or something was refused. */
export async function bench(args: readonly string[], io: Io): Promise<number> {
  const [mode = '', ...rest] = args
  if (mode === '--help') {
    io.stdout.write(USAGE)
    return 0
  }
  if (mode !== 'conn' && mode !== 'pub' && mode !== 'sub') {
    const what = mode === '' || mode.startsWith('-') ? 'what to do is missing' : `there is no "${mode}"`
    throw invalid('mqtt-stack bench', `${what}: conn, pub or sub`)
  }
  // Two letters behind one hyphen, which mqttx has for this one.
  const words = rest.map((word) => (word === '-im' ? '--message-interval' : word))
  const line = readCommandLine(benchSpec(mode), words)
  if (typeof line === 'string') {
    io.stdout.write(line)
    return 0
  }
  const command = `mqtt-stack bench ${mode}`
  const load = loadOf(mode, command, line.flags, line.given.has('timeout'))
  return runLoad(load, command, line.flags, io)
}

function loadOf(mode: Mode, command: string, flags: Flags, isHeld: boolean): Load {
  const target = targetOf(command, flags)
  const { count, interval, 'client-id': id } = flags
  const crowd = { count, interval, target, clientId: (index: number) => id && numbered(id, index) }
  if (id !== undefined && count > 1 && !id.includes('%i'))
    throw invalid(command, `--client-id "${id}" needs %i: clients of one name take over from each other`)
  if (mode === 'conn') {
    const work = (_client: MqttClient, _index: number, signal: AbortSignal): Promise<void> =>
      isHeld ? until(signal) : Promise.resolve()
    return { crowd: new Crowd({ ...crowd, work }), step: () => '', total: () => [] }
  }
  const topic = flags.topic ?? target.topic
  if (topic === undefined || topic === '')
    throw new StackError('OPTION_MISSING', `${command}: --topic is missing: -t TOPIC`)
  return mode === 'pub' ? publishing(command, flags, crowd, topic) : subscribing(flags, crowd, topic)
}

type CrowdPart = Omit<ConstructorParameters<typeof Crowd>[0], 'work'>

function publishing(command: string, flags: Flags, part: CrowdPart, topic: string): Load {
  const { message, qos, retain, limit, 'message-interval': interval } = flags
  if (/[+#]/.test(topic))
    throw invalid(command, `--topic: "${topic}" is no topic name: nobody publishes to + or #`)
  const size = bytesOf(command, flags.size)
  const fixed = message === undefined ? undefined : Buffer.from(message)
  const publisher = new Publisher(
    { interval, limit, payload: () => fixed ?? stamped(size), message: { qos: qos as 0 | 1 | 2, retain } },
    (error) => crowd.fail(error),
  )
  const { sent, acknowledged } = publisher
  const crowd: Crowd = new Crowd({
    ...part,
    work: (client, index, signal) => publisher.publish(client, numbered(topic, index), signal),
  })
  return {
    crowd,
    step: () => `  sent ${sent.step()}  done ${acknowledged.step()}`,
    total: () => [`sent ${sent.total()}; ${acknowledged.count} ${qos > 0 ? 'acknowledged' : 'on the wire'}`],
  }
}

function subscribing(flags: Flags, part: CrowdPart, topic: string): Load {
  const { qos, limit } = flags
  const received = new Tally()
  const latency = new Histogram()
  const crowd: Crowd = new Crowd({
    ...part,
    async work(client, index, signal) {
      client.on('message', (_topic, payload) => {
        received.add()
        const age = ageOf(payload)
        if (age !== undefined) latency.add(age)
        if (received.count === limit) crowd.stop()
      })
      const filter = numbered(topic, index)
      const granting = client.subscribeAsync(filter, { qos: qos as 0 | 1 | 2 })
      const granted = await Promise.race([granting, until(signal)])
      if (granted?.some((one) => one.qos > 2)) throw new Error(`${filter}: the broker refuses it`)
      await until(signal)
    },
  })
  return {
    crowd,
    step: () => `  received ${received.step()}`,
    total: () => [
      `received ${received.total()}`,
      ...(latency.count > 0 ? [`on the way, in ms: ${latency}`] : []),
    ],
  }
}

/** Tells each second how far it is, and at the end what came of it. */
async function runLoad({ crowd, step, total }: Load, command: string, flags: Flags, io: Io): Promise<number> {
  // Loading it is nothing that a broker takes time for.
  await import('mqtt')
  const stop = (): void => crowd.stop()
  let seconds = 0
  const clients = (): string =>
    `connected ${crowd.connected.step()}  failed ${crowd.failed}  lost ${crowd.lost}`
  const each = setInterval(() => io.stdout.write(`${++seconds} s  ${clients()}${step()}\n`), 1_000)
  const late = setTimeout(stop, flags.timeout * 1_000)
  for (const signal of SIGNALS) process.once(signal, stop)
  io.stdout.on?.('error', stop)
  await crowd.run()
  for (const signal of SIGNALS) process.off(signal, stop)
  clearInterval(each)
  clearTimeout(late)
  const { connected, times, failed, lost, failures } = crowd
  const lines = [
    `connected ${connected.total()} (of ${flags.count})`,
    `connecting, in ms: ${times}`,
    ...total(),
  ]
  io.stdout.write(`${lines.join('\n')}\n`)
  for (const [reason, count] of failures) io.stderr.write(`${command}: ${count} failed: ${reason}\n`)
  if (lost > 0) io.stderr.write(`${command}: ${lost} lost their connection\n`)
  return failed + lost > 0 ? 1 : 0
}

const numbered = (text: string, index: number): string => text.replaceAll('%i', String(index))
