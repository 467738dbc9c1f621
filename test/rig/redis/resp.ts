/** A connection to a Redis that a test asks things by: a program for each question would take a busy machine its time. */
import { Buffer } from 'node:buffer'
import type { Socket } from 'node:net'
import { connect } from 'node:net'

/** Texts, numbers, lists of these, and nothing. */
export type Reply = string | number | null | Reply[]

interface Asked {
  resolve(reply: Reply): void
  reject(error: Error): void
}

export class RespConnection {
  readonly #socket: Socket
  readonly #asked: Asked[] = []
  #bytes: Buffer = Buffer.alloc(0)
  #over: Error | undefined

  constructor({ host, port }: { readonly host: string; readonly port: number }) {
    let failure = new Error(`the connection to Redis at ${host}:${port} was closed`)
    this.#socket = connect({ host, port, noDelay: true })
    this.#socket.on('data', (bytes) => this.#read(bytes))
    this.#socket.on('error', (error) => {
      failure = error
    })
    this.#socket.on('close', () => {
      this.#over = failure
      for (const { reject } of this.#asked.splice(0)) reject(failure)
    })
  }

  /** Rejects with what Redis says where it refuses, or where the connection is lost. */
  ask(...command: readonly (string | number)[]): Promise<Reply> {
    if (this.#over !== undefined) return Promise.reject(this.#over)
    const words = command.map((word) => `$${Buffer.byteLength(`${word}`)}\r\n${word}\r\n`)
    this.#socket.write(`*${words.length}\r\n${words.join('')}`)
    return new Promise((resolve, reject) => this.#asked.push({ resolve, reject }))
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes])
    for (let found = parse(this.#bytes, 0); found !== undefined; found = parse(this.#bytes, 0)) {
      this.#bytes = this.#bytes.subarray(found.end)
      const asked = this.#asked.shift()
      if (found.reply instanceof Error) asked?.reject(found.reply)
      else asked?.resolve(found.reply)
    }
  }
}

interface Found {
  readonly reply: Reply | Error
  readonly end: number
}

/** A reply of RESP2 that begins there; undefined where it is not there as a whole. */
function parse(bytes: Buffer, at: number): Found | undefined {
  const lineEnd = bytes.indexOf('\r\n', at)
  if (lineEnd < 0) return undefined
  const end = lineEnd + 2
  const line = bytes.toString('utf8', at + 1, lineEnd)
  const kind = String.fromCharCode(bytes[at])
  if (kind === '+') return { reply: line, end }
  if (kind === '-') return { reply: new Error(line), end }
  if (kind === ':') return { reply: Number(line), end }
  const length = Number(line)
  if (length < 0) return { reply: null, end }
  if (kind === '*') return parseList(bytes, end, length)
  if (bytes.length < end + length + 2) return undefined
  return { reply: bytes.toString('utf8', end, end + length), end: end + length + 2 }
}

function parseList(bytes: Buffer, at: number, length: number): Found | undefined {
  const replies: Reply[] = []
  let end = at
  for (let i = 0; i < length; i++) {
    const found = parse(bytes, end)
    if (found === undefined) return undefined
    if (found.reply instanceof Error) return { reply: found.reply, end: found.end }
    replies.push(found.reply)
    end = found.end
  }
  return { reply: replies, end }
}
