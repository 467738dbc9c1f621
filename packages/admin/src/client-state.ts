/** A client as an operator sees it. */
import type { Client, Clock, Store } from '@mqtt-stack/core'
import { toWall, withoutToken } from '@mqtt-stack/core'
import type { JsonSchema } from './http/fields.ts'

/** What is told of each client of a list. */
export function clientState(client: Client, clock: Clock): Record<string, unknown> {
  const { id: clientId, session, listener, username, protocolVersion, connectedAt = 0 } = client
  return {
    clientId,
    identity: session.identity,
    username: withoutToken(username),
    address: listener.remote,
    listener: listener.name ?? listener.transport,
    transport: listener.transport,
    protocolVersion,
    connectedAt: isoOf(clock, connectedAt),
    idle: Math.max(0, Math.round(clock.now() - client.receivedAt)),
    packetsIn: client.packetsIn,
    packetsOut: client.packetsOut,
    bytesIn: client.bytesIn,
    bytesOut: client.bytesOut,
    pending: client.pending,
  }
}

/** What is told of one client besides. */
export function clientDetails(
  client: Client,
  clock: Clock,
  { inflight, queued, behind }: Store<'lookupOutbound'>,
): Record<string, unknown> {
  const { session, listener, settings, will } = client
  return {
    ...clientState(client, clock),
    inflight,
    queued,
    behind,
    groups: session.groups,
    bridge: client.bridge,
    resumed: session.resumed,
    expiryInterval: session.expiryInterval,
    receiveMaximum: settings.receiveMaximum,
    maximumPacketSize: settings.maximumPacketSize,
    congested: client.congested,
    backlog: client.backlog,
    local: listener.local,
    proxy: listener.proxy,
    origin: listener.origin,
    tls: listener.tls,
    will: will && {
      topic: will.packet.topic,
      qos: will.packet.qos,
      retain: will.packet.retain,
      delay: will.delay,
    },
  }
}

/** An instant of the stack’s clock for people; `undefined` for never. */
export function isoOf(clock: Clock, at: number | undefined): string | undefined {
  if (at === undefined || !Number.isFinite(at)) return undefined
  return new Date(clock.wall() + at - clock.now()).toISOString()
}

/** When a message or session is over: 0 and infinity stand for never. */
export function expiryIso(clock: Clock, expiresAt: number | undefined): string | undefined {
  if (expiresAt === undefined || expiresAt === 0 || !Number.isFinite(expiresAt)) return undefined
  return new Date(toWall(clock, expiresAt)).toISOString()
}

const text = { type: 'string' }
const count = { type: 'integer', minimum: 0 }
const instant = { type: 'string', format: 'date-time' }

/** The schema of {@link clientState}. */
export const CLIENT: JsonSchema = {
  type: 'object',
  required: [
    'clientId',
    'listener',
    'transport',
    'protocolVersion',
    'connectedAt',
    'idle',
    'packetsIn',
    'packetsOut',
    'bytesIn',
    'bytesOut',
    'pending',
  ],
  properties: {
    clientId: text,
    identity: { ...text, description: 'Who it is by authentication; absent for anonymous clients.' },
    username: {
      ...text,
      description: 'What it says of itself; of a JSON Web Token, which would let anybody in, `(a token)`.',
    },
    address: { ...text, description: 'Address and port of the other side.' },
    listener: { ...text, description: 'The name of the listener, or its transport.' },
    transport: text,
    protocolVersion: { enum: [3, 4, 5] },
    connectedAt: instant,
    idle: { ...count, description: 'Milliseconds since bytes came last.' },
    packetsIn: count,
    packetsOut: count,
    bytesIn: count,
    bytesOut: count,
    pending: { ...count, description: 'Bytes that the other side has not taken.' },
  },
}

/** The schema of {@link clientDetails}. */
export const CLIENT_DETAILS: JsonSchema = {
  ...CLIENT,
  properties: {
    ...(CLIENT.properties as object),
    inflight: { ...count, description: 'Messages of QoS 1 and 2 that it has not acknowledged.' },
    queued: {
      ...count,
      description: 'Messages that wait for it in memory; those in its log are told of its session.',
    },
    behind: { type: 'boolean', description: 'Its log holds what was not sent on this connection.' },
    groups: { type: 'array', items: text },
    bridge: { type: 'boolean' },
    resumed: { type: 'boolean', description: 'It went on with an earlier session.' },
    expiryInterval: { ...count, description: 'Seconds that its session outlives its connection.' },
    receiveMaximum: count,
    maximumPacketSize: count,
    congested: { type: 'boolean', description: 'It takes less than it is sent.' },
    backlog: { ...count, description: 'Bytes that came and wait for their turn.' },
    local: { type: 'boolean' },
    proxy: text,
    origin: text,
    tls: { type: 'object' },
    will: { type: 'object' },
  },
}
