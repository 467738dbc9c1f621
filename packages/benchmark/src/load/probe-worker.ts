/** The thread of a {@link Probe}: sends a ping as soon as the one before is answered, and notes the longest wait. */
import { parentPort, workerData } from 'node:worker_threads'
import { connect, PacketType, PINGREQ } from '../mqtt/encode.ts'
import type { FrameSink } from '../mqtt/frames.ts'
import { splitFrames } from '../mqtt/frames.ts'
import type { ProbeAnswer, ProbeQuestion } from './probe.ts'
import type { Target } from './wire.ts'
import { openWire } from './wire.ts'
import { workspace } from './workspace.ts'

/** Milliseconds between an answer and the next ping. */
const BETWEEN = 1

const target = workerData as Target
const tell = (answer: ProbeAnswer): void => parentPort?.postMessage(answer)

let sentAt = 0
let waiting = false
let longest = 0
/** The longest wait is to be told as soon as the ping under way is answered. */
let asked = false

function ping(): void {
  waiting = true
  sentAt = performance.now()
  socket.write(PINGREQ)
}

function answered(): void {
  waiting = false
  longest = Math.max(longest, performance.now() - sentAt)
  if (asked) tellLongest()
  setTimeout(ping, BETWEEN)
}

function tellLongest(): void {
  asked = false
  tell({ longest })
}

const sink: FrameSink = {
  frame(_buffer, first) {
    if (first >> 4 === PacketType.PINGRESP) answered()
    else if (first >> 4 === PacketType.CONNACK) {
      tell({ ready: true })
      ping()
    }
  },
}

const socket = openWire(target, {
  opened: () => socket.write(connect({ clientId: 'bench-probe', version: target.version })),
  bytes: (length) => {
    const { buffer, start } = workspace
    splitFrames(buffer, start, start + length, sink)
  },
  closed: (error) => tell({ lost: error?.message ?? 'the broker closed the connection of the probe' }),
})

parentPort?.on('message', (question: ProbeQuestion) => {
  if (question === 'begin') longest = 0
  else if (waiting) asked = true
  else tellLongest()
})
