/** Prints what comes to a client, no faster than it is read, until the end that flags say. */
import { printable } from '@mqtt-stack/core'
import type { IPublishPacket, MqttClient } from 'mqtt'
import type { Io } from '../command.ts'
import { closeClient } from './open-client.ts'

export interface PrinterOptions {
  /** Messages after which it ends; no end without it. */
  readonly count?: number | undefined
  /** Seconds after which it ends, with 27. */
  readonly timeout?: number | undefined
  /** The topic stands before each message. */
  readonly verbose: boolean
  /** What was retained is left out. */
  readonly 'no-retained': boolean
  /** No line end stands behind a message. */
  readonly 'no-newline': boolean
}

/** Mosquitto's. */
const TIMED_OUT = 27
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export class Printer {
  readonly #command: string
  readonly #options: PrinterOptions
  readonly #io: Io
  readonly #over: Promise<number>
  #end: (code: number) => void = () => {}
  #left: number

  /** @param command For errors: `mqtt-stack sub`. */
  constructor(command: string, options: PrinterOptions, io: Io) {
    this.#command = command
    this.#options = options
    this.#io = io
    this.#left = options.count ?? Number.POSITIVE_INFINITY
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Prints what comes to a client that connects. */
  read(client: MqttClient): void {
    const { verbose, 'no-retained': isLive, 'no-newline': isBare } = this.#options
    const { stdout } = this.#io
    let wasLast = false
    let isFull = false
    client.on('message', (topic: string, payload: Buffer, { retain }: IPublishPacket) => {
      if (this.#left <= 0 || (isLive && retain)) return
      const text = [Buffer.from(verbose ? `${topic} ` : ''), payload, Buffer.from(isBare ? '' : '\n')]
      const bytes = Buffer.concat(text)
      isFull = stdout.write(stdout.isTTY === true ? visible(bytes) : bytes) === false
      wasLast = --this.#left <= 0
    })
    client.handleMessage = (_packet, done) => {
      // What comes behind the last one is not acknowledged: it is for who goes on with the session.
      if (this.#left <= 0 && !wasLast) return done(new Error('not wanted'))
      if (wasLast) setImmediate(this.#end, 0)
      wasLast = false
      if (!isFull || stdout.once === undefined) return done()
      isFull = false
      stdout.once('drain', () => done())
    }
  }

  /**
   * Waits for the end, and closes the client.
   * @returns 0 by count, by a signal, or where nobody reads any more; 27 by time; 1 where the connection is lost.
   */
  async end(client: MqttClient): Promise<number> {
    const { timeout } = this.#options
    const { stdout } = this.#io
    const stop = (): void => this.#end(0)
    const late = timeout && setTimeout(() => this.#end(TIMED_OUT), timeout * 1_000)
    const fail = (why: string): void => {
      this.#io.stderr.write(`${this.#command}: ${why}\n`)
      this.#end(1)
    }
    const lost = (): void => fail('the connection is lost')
    client.once('close', lost)
    for (const signal of SIGNALS) process.once(signal, stop)
    stdout.on?.('error', ({ message, code }: NodeJS.ErrnoException) =>
      code === 'EPIPE' ? stop() : fail(`cannot write: ${message}`),
    )
    const code = await this.#over
    this.#left = 0
    clearTimeout(late)
    client.off('close', lost)
    for (const signal of SIGNALS) process.off(signal, stop)
    await closeClient(client)
    return code
  }
}

/** For a terminal: what somebody published ends lines, and moves its cursor in no other way. */
function visible(bytes: Buffer): string {
  return bytes.toString().replace(/[^\n\t]+/g, (text) => printable(text))
}
