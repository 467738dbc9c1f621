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

/** By the packet that came: a character for each filter, with its code and what {@link EXPLAINED} says. */
const grantsOf = new WeakMap<Packet, string>()
const reasonOf = new WeakMap<Packet, string>()
/** The number of a list's first filter; the others count from there. */
const baseOf = new WeakMap<Filters, number>()
/** Of a filter the number that it got last: one may stand in several lists. */
const numberOf = new WeakMap<Subscription, number>()
let next = 0

/** The first filter that was refused, where the reason was told. */
const EXPLAINED = 0x100
const CODE = 0xff
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
  const codes = inOrder.map(toCode)
  const explained = reason === undefined ? -1 : codes.findIndex((code) => code >= 0x80)
  if (explained >= 0) codes[explained] |= EXPLAINED
  grantsOf.set(received, codes.map((code) => String.fromCharCode(code)).join(''))
  if (reason !== undefined) reasonOf.set(received, reason)
}

/**
 * In a list that a handler put in place of the one that was asked about, a filter has the grant of the one whose place it
 * took. One that nobody was asked about has none.
 */
export function grantOf(packet: SubscribePacket, filter: Subscription): QoS | ReasonCode | undefined {
  const noted = notedOf(packet, filter)
  return noted === undefined ? undefined : noted & CODE
}

export function whyRefused(packet: SubscribePacket, filter: Subscription): string | undefined {
  const isExplained = ((notedOf(packet, filter) ?? 0) & EXPLAINED) !== 0
  return isExplained ? reasonOf.get(asReceived(packet)) : undefined
}

function notedOf(packet: SubscribePacket, filter: Subscription): number | undefined {
  return grantsOf.get(asReceived(packet))?.codePointAt(placeOf(packet.subscriptions, filter))
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
function toCode(grant: unknown): number {
  const isCode = Number.isInteger(grant) && Number(grant) >= 0 && Number(grant) <= CODE
  return isCode ? Number(grant) : ReasonCode.NOT_AUTHORIZED
}
