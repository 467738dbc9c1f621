/** `mqtt-stack health`: whether a broker answers, for Docker, Kubernetes and scripts. */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { isStackError, StackError } from '@mqtt-stack/core'
import { parseListenUrl } from '../listeners/listen-url.ts'
import { LISTENER_OPTIONS } from '../listeners/options.ts'
import type { Io } from './command.ts'
import type { CommandLineSpec } from './command-line.ts'
import { readCommandLine } from './command-line.ts'

interface HealthFlags {
  url?: string
  timeout?: number
}

export const HEALTH_LINE: CommandLineSpec<HealthFlags> = {
  name: 'health',
  operands: [],
  doc: 'Exits with 0 where a broker answers a CONNECT, let it in or not, and with 1 where it does not.',
  flags: {
    url: {
      kind: 'string',
      default: 'mqtt://127.0.0.1:1883',
      doc: 'where it listens: mqtt or mqtts://HOST:PORT, or unix:FILE',
    },
    timeout: { kind: 'number', default: 3_000, min: 1, unit: 'ms', doc: 'how long it may take to answer' },
  },
  wants: { url: 'url', timeout: 'ms' },
}

/** MQTT 3.1.1, a clean session, no client identifier, 10 s. */
const CONNECT = Buffer.from('100c00044d5154540402000a0000', 'hex')
const CONNACK = 0x20
const DISCONNECT = Buffer.from('e000', 'hex')

/** @returns 1 where nobody answers. */
export async function health(args: readonly string[], { stdout, stderr }: Io): Promise<number> {
  const line = readCommandLine(HEALTH_LINE, args)
  if (typeof line === 'string') {
    stdout.write(line)
    return 0
  }
  const { url, timeout } = line.flags
  try {
    const code = await answerOf(dial(url), timeout)
    stdout.write(`${url}: ${code === 0 ? 'lets clients in' : `answers, and refuses with ${code}`}\n`)
    return 0
  } catch (error) {
    if (isStackError(error)) throw error
    stderr.write(`mqtt-stack health: ${url}: ${(error as Error).message}\n`)
    return 1
  }
}

function dial(url: string): Socket {
  const { transport, host, port, path } = parseListenUrl(url)
  if (transport === 'unix') return connect(path as string)
  if (transport !== 'tcp' && transport !== 'tls')
    throw new StackError('OPTION_INVALID', `mqtt-stack health: "${url}": mqtt, mqtts and unix can be asked`)
  const where = { host: host as string, port: port ?? (LISTENER_OPTIONS[transport].port.default as number) }
  // Nothing secret is sent, and nothing that is answered is believed: it may be any certificate.
  return transport === 'tcp' ? connect(where) : connectTls({ ...where, rejectUnauthorized: false })
}

/** The return code of CONNACK. */
function answerOf(socket: Socket, timeout: number): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no answer within ${timeout} ms`)), timeout)
    let answer = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk])
      if (answer[0] !== CONNACK) reject(new Error('what answers there is no MQTT broker'))
      else if (answer.length >= 4) resolve(answer[3])
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(late)
      reject(new Error('it closed the connection and said nothing'))
    })
    socket.write(CONNECT)
  }).finally(() => {
    socket.end(DISCONNECT)
    socket.destroySoon()
  })
}
