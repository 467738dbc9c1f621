/** mqtt-stack as the conformance suite's target: brokers on streams, with a virtual clock, one for each test. */
import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTcp } from 'node:net'
import type { BrokerOptions } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { OrderedStore } from '@mqtt-stack/core/backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import { RecordingLogger, settle, slowBackend, streamPair, VirtualClock } from '@mqtt-stack/testing'
import { realStore } from '../../../test/rig/real-store.ts'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'
import type { EnhancedAuthentication, Setup, Target } from '../src/harness/target.ts'

/** What stands in the backend's place; the one in memory by default. */
type Backend = () => MiddlewareLike | undefined

async function target(options: BrokerOptions, known: Partial<Target> = {}): Promise<Target> {
  const clock = new VirtualClock()
  const logger = new RecordingLogger()
  const { stack, ...rest } = options
  // As long as the standard allows; by default topics are shorter.
  const topicBytes = 65_535
  const broker = createBroker({ listeners: [], ...rest, stack: { topicBytes, ...stack, clock, logger } })
  await broker.start()
  const [address] = rest.listeners === undefined ? [] : await broker.listen()
  const webSocket = address && { path: '/mqtt', connect: () => connectTo(address.port!) }
  return {
    connect() {
      const [device, server] = streamPair()
      broker.stack.connect(server, { transport: 'memory', local: true })
      return device
    },
    advance: (ms) => clock.advance(ms),
    settle,
    close: () => broker.close(),
    // Longer than the broker takes.
    refusedClientId: 'x'.repeat(300),
    ...(webSocket && { webSocket }),
    ...known,
  }
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** The default stack. */
function unguarded(backend: Backend): Promise<Target> {
  // Nobody is known: only clients without a name are let in.
  return target({ backend: backend() }, { strangers: { username: 'nobody', password: 'wrong' } })
}

const secret = 'conformance'

function proof(challenge: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(challenge).digest()
}

/** A challenge, and a proof of knowing the secret. */
const enhanced: EnhancedAuthentication = {
  method: 'PROOF',
  first: Buffer.from('me'),
  answer: proof,
  wrong: Buffer.from('guessed'),
}

/** Who may come, and what nobody may touch. */
function guard(): MiddlewareLike {
  const challenge = Buffer.from('prove it')
  return {
    name: 'Guard',
    authenticateConnection({ username, password = Buffer.alloc(0) }, store) {
      store.valid = username === 'conformance' && Buffer.from('secret').equals(password)
    },
    authenticateExchange({ packet, method, data }, store) {
      if (method !== enhanced.method) return
      const begins = packet.cmd === 'connect' || packet.reasonCode === 0x19
      if (begins) Object.assign(store, { state: 'continue', data: challenge })
      else store.state = proof(challenge).equals(data ?? Buffer.alloc(0)) ? 'success' : 'failure'
    },
    authorizePacket({ packet }, store) {
      store.valid = true
      if (packet.cmd === 'publish' && packet.topic.startsWith('forbidden')) store.valid = false
      if (packet.cmd !== 'subscribe') return
      store.grants = packet.subscriptions.map(({ topic, qos }) =>
        topic.startsWith('forbidden') ? 0x87 : qos,
      )
    },
  }
}

/** With users and rules. */
function guarded(backend: Backend): Promise<Target> {
  return target(
    { use: [guard()], backend: backend() },
    {
      credentials: { username: 'conformance', password: 'secret' },
      strangers: { username: 'conformance', password: 'wrong' },
      forbiddenTopic: 'forbidden/topic',
      enhanced,
    },
  )
}

/** Without QoS 1 and 2, retained messages, topic aliases, and long keep alive times. */
function restricted(backend: Backend): Promise<Target> {
  return target({
    backend: backend(),
    stack: { topicAliases: 0 },
    inboundManager: { maximumQoS: 0 },
    retainManager: false,
    keepalive: { maximum: 60 },
  })
}

/** With a listener, on a port that was free, where the transport is the subject. */
function listening(backend: Backend): Promise<Target> {
  return target({
    backend: backend(),
    listeners: [{ transport: 'ws', host: '127.0.0.1', port: 0 }],
  })
}

/** All configurations on a backend; a test takes the first to which it applies. */
function stacksOn(backend: Backend): readonly Setup[] {
  return [unguarded, guarded, restricted, listening].map((stack) => () => stack(backend))
}

/** On the backend in memory. */
export const mqttStacks: readonly Setup[] = stacksOn(() => undefined)

/** The default stack. */
export const [mqttStack] = mqttStacks

/** Over the driver of a database. */
export function onDriver(make: (path: string) => OrderedStore): readonly Setup[] {
  return stacksOn(() => new StoredBackend(undefined, realStore(make)))
}

/** On a disk that applies nothing before it commits, which takes so many milliseconds. */
export function onSlowDisk(milliseconds: number): readonly Setup[] {
  return stacksOn(() => slowBackend(new MemoryBackend(), milliseconds))
}
