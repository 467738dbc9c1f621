/** mqtt-stack as the conformance suite's target: brokers on streams, with a virtual clock, one for each test. */
import { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTcp } from 'node:net'
import type { Broker, BrokerOptions } from '@mqtt-stack/broker'
import { createBroker } from '@mqtt-stack/broker'
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { OrderedStore } from '@mqtt-stack/core/backend'
import { MemoryBackend } from '@mqtt-stack/memory-backend'
import {
  MemoryService,
  RecordingLogger,
  settle,
  slowBackend,
  streamPair,
  VirtualClock,
} from '@mqtt-stack/testing'
import { SharedBackend } from '../../../test/rig/nodes.ts'
import { realStore } from '../../../test/rig/real-store.ts'
import { StoredBackend } from '../../../test/rig/stored-backend.ts'
import type { EnhancedAuthentication, Setup, Target } from '../src/harness/target.ts'

/** Of nodes: no test waits for one that died, and some wait for a day. In ms. */
const LEASE = 600_000
/** In ms. */
const TICK = 10

/** Seconds of the clock that closing may take. */
const CLOSING = 60

/** What stands in the backend's place of each broker that a test's connections are spread over, in turn; `undefined` is the one in memory. */
type Backends = (clock: VirtualClock) => readonly (MiddlewareLike | undefined)[]

async function target(
  backends: Backends,
  optionsOf: () => BrokerOptions,
  known: Partial<Target> = {},
): Promise<Target> {
  const clock = new VirtualClock()
  const brokers = backends(clock).map((backend) => {
    const { stack, ...rest } = optionsOf()
    // As long as the standard allows; by default topics are shorter.
    const options = { topicBytes: 65_535, ...stack, clock, logger: new RecordingLogger() }
    return createBroker({ listeners: [], ...rest, backend, stack: options })
  })
  for (const broker of brokers) await broker.start()
  const next = inTurn(brokers)
  const isListening = optionsOf().listeners !== undefined
  const addresses = isListening ? await Promise.all(brokers.map((broker) => broker.listen())) : []
  const nextPort = inTurn(addresses.map(([{ port }]) => port!))
  const webSocket = isListening && { path: '/mqtt', connect: () => connectTo(nextPort()) }
  return {
    connect() {
      const [device, server] = streamPair()
      next().stack.connect(server, { transport: 'memory', local: true })
      return device
    },
    advance: (ms) => clock.advance(ms),
    settle,
    close: () => closeAll(brokers, clock),
    // Longer than the broker takes.
    refusedClientId: 'x'.repeat(300),
    ...(webSocket && { webSocket }),
    ...known,
  }
}

/** Nodes of a service may wait for each other, for as long as a lease. */
async function closeAll(brokers: readonly Broker[], clock: VirtualClock): Promise<void> {
  let isOver = false
  const closed = Promise.all(brokers.map((broker) => broker.close())).finally(() => {
    isOver = true
  })
  await settle()
  for (let seconds = 0; seconds < CLOSING && !isOver; seconds++) await clock.advance(1_000)
  await closed
}

/** One after the other, and again. */
function inTurn<One>(all: readonly One[]): () => One {
  let calls = 0
  return () => all[calls++ % all.length]
}

async function connectTo(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** The default stack. */
function unguarded(backends: Backends): Promise<Target> {
  // Nobody is known: only clients without a name are let in.
  return target(backends, () => ({}), { strangers: { username: 'nobody', password: 'wrong' } })
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
function guarded(backends: Backends): Promise<Target> {
  return target(backends, () => ({ use: [guard()] }), {
    credentials: { username: 'conformance', password: 'secret' },
    strangers: { username: 'conformance', password: 'wrong' },
    forbiddenTopic: 'forbidden/topic',
    enhanced,
  })
}

/** Without QoS 1 and 2, retained messages, topic aliases, and long keep alive times. */
function restricted(backends: Backends): Promise<Target> {
  return target(backends, () => ({
    stack: { topicAliases: 0 },
    inboundManager: { maximumQoS: 0 },
    retainManager: false,
    keepalive: { maximum: 60 },
  }))
}

/** With a listener, on a port that was free, where the transport is the subject. */
function listening(backends: Backends): Promise<Target> {
  return target(backends, () => ({ listeners: [{ transport: 'ws', host: '127.0.0.1', port: 0 }] }))
}

/** All configurations on a backend; a test takes the first to which it applies. */
function stacksOn(backends: Backends): readonly Setup[] {
  return [unguarded, guarded, restricted, listening].map((stack) => () => stack(backends))
}

/** On the backend in memory. */
export const mqttStacks: readonly Setup[] = stacksOn(() => [undefined])

/** The default stack. */
export const [mqttStack] = mqttStacks

/** Over the driver of a database. */
export function onDriver(make: (path: string) => OrderedStore): readonly Setup[] {
  return stacksOn(() => [new StoredBackend(undefined, realStore(make))])
}

/** On a disk that applies nothing before it commits, which takes so many milliseconds. */
export function onSlowDisk(milliseconds: number): readonly Setup[] {
  return stacksOn(() => [slowBackend(new MemoryBackend(), milliseconds)])
}

/** On two brokers over one service in memory: one connection of a test comes to the first, the next one to the second. */
export const onTwoNodes: readonly Setup[] = stacksOn((clock) => {
  const service = new MemoryService({ clock, lease: LEASE })
  return ['one', 'two'].map((name) => new SharedBackend(undefined, () => service.node(name)))
})

/** The same, and time passes by itself too. */
export const onTwoNodesInTime: readonly Setup[] = onTwoNodes.map((setup) => async () => {
  const target = await setup()
  let ticking = Promise.resolve()
  const timer = setInterval(() => {
    ticking = target.advance!(TICK)
  }, TICK)
  return {
    ...target,
    close: async () => {
      clearInterval(timer)
      await ticking
      await target.close?.()
    },
  }
})
