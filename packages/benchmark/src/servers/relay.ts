/**
 * The bare relay: frames are found in the stream and copied to whoever subscribed to their topic, QoS 0 only.
 * No sessions, no checks, no options, nothing in between: what Node itself allows, and no broker can pass.
 */
import type { Socket } from 'node:net'
import { createServer } from 'node:net'

interface Client {
  readonly socket: Socket
  rest: Buffer | undefined
  out: Buffer
  used: number
  dirty: boolean
  /** The last topic published here, to be recognised by its bytes, and who gets it. */
  topic: Buffer
  receivers: Client[]
}

const BY_REFERENCE = 4096
const exact = new Map<string, Client[]>()
const wild: { readonly filter: string[]; readonly client: Client }[] = []
const dirty: Client[] = []
const CONNACK = Buffer.of(0x20, 2, 0, 0)

function receiversOf(topic: string): Client[] {
  const levels = topic.split('/')
  const matches = (filter: string[]): boolean =>
    filter.length === levels.length && filter.every((level, i) => level === '+' || level === levels[i])
  return [
    ...(exact.get(topic) ?? []),
    ...wild.flatMap(({ filter, client }) => (matches(filter) ? client : [])),
  ]
}

function flush(): void {
  for (const client of dirty) {
    client.dirty = false
    emit(client)
    if (client.socket.writableCorked) client.socket.uncork()
  }
  dirty.length = 0
}

function emit(client: Client): void {
  if (client.used === 0) return
  client.socket.write(client.out.subarray(0, client.used))
  // The socket may still be busy with these bytes: what follows goes elsewhere.
  client.out = Buffer.allocUnsafe(Math.max(1024, client.used * 2))
  client.used = 0
}

function send(client: Client, bytes: Buffer, start: number, end: number): void {
  if (!client.dirty && dirty.push(client) === 1) setImmediate(flush)
  client.dirty = true
  if (end - start > BY_REFERENCE) {
    if (!client.socket.writableCorked) client.socket.cork()
    emit(client)
    client.socket.write(bytes.subarray(start, end))
    return
  }
  const size = client.used + end - start
  if (size > client.out.length) client.out = Buffer.concat([client.out.subarray(0, client.used)], size * 2)
  bytes.copy(client.out, client.used, start, end)
  client.used = size
}

/** Frames that lie side by side and have the same receivers are copied as one piece. */
let run: Client[] | undefined
let runStart = 0
let runEnd = 0

function endRun(bytes: Buffer): void {
  if (run) for (const receiver of run) send(receiver, bytes, runStart, runEnd)
  run = undefined
}

function publish(client: Client, bytes: Buffer, at: number, body: number, end: number): void {
  const from = body + 2
  const to = from + ((bytes[body] << 8) | bytes[body + 1])
  if (!sameTopic(client.topic, bytes, from, to)) {
    client.topic = Buffer.from(bytes.subarray(from, to))
    client.receivers = receiversOf(client.topic.toString())
  }
  if (run !== client.receivers) {
    endRun(bytes)
    run = client.receivers
    runStart = at
  }
  runEnd = end
}

function sameTopic(topic: Buffer, bytes: Buffer, from: number, to: number): boolean {
  if (to - from !== topic.length) return false
  for (let i = 0; i < topic.length; i++) if (topic[i] !== bytes[from + i]) return false
  return true
}

function subscribe(client: Client, bytes: Buffer, body: number, end: number): void {
  const suback = [bytes[body], bytes[body + 1]]
  for (let at = body + 2; at < end; suback.push(0)) {
    const start = at + 2
    at = start + bytes.readUInt16BE(at)
    const filter = bytes.toString('utf8', start, at++)
    if (/[+#]/.test(filter)) wild.push({ filter: filter.split('/'), client })
    else exact.set(filter, [...(exact.get(filter) ?? []), client])
  }
  send(client, Buffer.of(0x90, suback.length, ...suback), 0, suback.length + 2)
}

function read(client: Client, chunk: Buffer): void {
  const bytes = client.rest ? Buffer.concat([client.rest, chunk]) : chunk
  let at = 0
  while (at + 1 < bytes.length) {
    let body = at + 1
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[body++]
      length |= (byte & 127) << shift
      if (!(byte & 128)) break
    }
    const end = body + length
    if (!(end <= bytes.length)) break
    const type = bytes[at] >> 4
    if (type === 3) publish(client, bytes, at, body, end)
    else endRun(bytes)
    if (type === 1) send(client, CONNACK, 0, 4)
    if (type === 8) subscribe(client, bytes, body, end)
    at = end
  }
  endRun(bytes)
  client.rest = at < bytes.length ? bytes.subarray(at) : undefined
}

const server = createServer({ noDelay: true }, (socket) => {
  const nothing = Buffer.alloc(0)
  const client: Client = {
    socket,
    rest: undefined,
    out: nothing,
    used: 0,
    dirty: false,
    topic: nothing,
    receivers: [],
  }
  socket.on('data', (chunk) => read(client, chunk))
  socket.on('error', () => socket.destroy())
})
server.listen(Number(process.argv[2]), '127.0.0.1')
