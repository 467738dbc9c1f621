/**
 * What was granted of a SUBSCRIBE, for as long as that is handled. V8 keeps what a WeakMap has for a packet until the
 * whole heap is collected, if it is an object: here these are numbers and texts, which lead to nothing.
 */
import type { Pace, Packet, QoS, Steps, SubscribePacket, Subscription } from '@mqtt-stack/core'
import { asReceived, ReasonCode } from '@mqtt-stack/core'

export interface Granted {
  /** In the order of its filters. */
  readonly inOrder: readonly (QoS | ReasonCode)[]
  /** Why the first filter that was refused was so: of others nobody has said it. */
  readonly reason: string | undefined
}

type Filters = readonly Subscription[]

/** By the packet that came: a character for each filter. */
const grantsOf = new WeakMap<Packet, string>()
/** By the packet that came: the place of the first filter that was refused, and why. */
const firstOf = new WeakMap<Packet, number>()
const reasonOf = new WeakMap<Packet, string>()
/** The number of a list's first filter; the others count from there. */
const baseOf = new WeakMap<Filters, number>()
/** Of a filter the number that it got last: one may stand in several lists. */
const numberOf = new WeakMap<Subscription, number>()
let next = 0

/** Filters between two looks at the clock: there may be very many. */
const FILTERS_A_LOOK = 256

export function* keepGrants(packet: SubscribePacket, { inOrder, reason }: Granted, pace: Pace): Steps {
  const received = asReceived(packet)
  const { subscriptions } = packet
  const base = newBase(subscriptions)
  for (const place of subscriptions.keys()) {
    give(subscriptions, base, place)
    if (place % FILTERS_A_LOOK === FILTERS_A_LOOK - 1 && pace.spent) yield pace.rest()
  }
  grantsOf.set(received, inOrder.map((grant) => String.fromCharCode(toByte(grant))).join(''))
  firstOf.delete(received)
  reasonOf.delete(received)
  const first = reason === undefined ? -1 : inOrder.findIndex((grant) => toByte(grant) >= 0x80)
  if (reason === undefined || first < 0) return
  firstOf.set(received, first)
  reasonOf.set(received, reason)
}

/**
 * In a list that a handler put in place of the one that was asked about, a filter has the grant of the one whose place it
 * took. One that nobody was asked about has none.
 */
export function grantOf(packet: SubscribePacket, filter: Subscription): QoS | ReasonCode | undefined {
  const grants = grantsOf.get(asReceived(packet))
  const place = placeOf(packet.subscriptions, filter)
  return grants === undefined || place < 0 || place >= grants.length ? undefined : grants.charCodeAt(place)
}

export function whyRefused(packet: SubscribePacket, filter: Subscription): string | undefined {
  const received = asReceived(packet)
  const first = firstOf.get(received)
  return first !== undefined && placeOf(packet.subscriptions, filter) === first
    ? reasonOf.get(received)
    : undefined
}

/** The first place of a filter in a list; -1 where it was not in it when the list was first seen. */
function placeOf(filters: Filters, filter: Subscription): number {
  const base = baseOf.get(filters) ?? giveAll(filters)
  const number = numberOf.get(filter)
  if (number === undefined) return -1
  // It may have got another one since, in another list.
  return isWithin(filters, base, number) ? number - base : filters.indexOf(filter)
}

function giveAll(filters: Filters): number {
  const base = newBase(filters)
  for (const place of filters.keys()) give(filters, base, place)
  return base
}

function newBase(filters: Filters): number {
  const base = next
  next += filters.length
  baseOf.set(filters, base)
  return base
}

function give(filters: Filters, base: number, place: number): void {
  const filter = filters[place]
  const known = numberOf.get(filter)
  // It stands in the list before.
  if (known !== undefined && isWithin(filters, base, known)) return
  numberOf.set(filter, base + place)
}

function isWithin({ length }: Filters, base: number, number: number): boolean {
  return number >= base && number < base + length
}

/** What is no reason code, of one who knows no types, allows nothing. */
function toByte(grant: unknown): number {
  const isCode = Number.isInteger(grant) && Number(grant) >= 0 && Number(grant) <= 0xff
  return isCode ? Number(grant) : ReasonCode.NOT_AUTHORIZED
}
