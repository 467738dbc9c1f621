/** What middlewares did in one run, as it may be shown. */
import type { Fields, FollowedRun, TraceStep, TrafficStep } from '@mqtt-stack/core'
import { loggable } from '@mqtt-stack/core'

/** Names of what may be a secret, in stores of whoever's callbacks. */
const SECRET = /pass|secret|token|data|key|payload|properties/i
/** A handler that took so many milliseconds did something, whatever it said. */
const LONG = 1

/**
 * Those who did something: said, ended, failed, or took long.
 * @param isPacket A packet was handled: nobody says anything, and what they note in the packet is theirs.
 */
export function stepsOf({ steps }: FollowedRun, isPacket: boolean): TrafficStep[] {
  return steps
    .map((step) => (isPacket ? { ...step, said: {} } : step))
    .filter(didSomething)
    .map((step) => ({
      middleware: step.middleware,
      ended: step.ended,
      said: saidOf(step.said as Readonly<Record<string, unknown>>),
      failed: shown(step.error?.message),
      milliseconds: step.milliseconds === undefined ? undefined : rounded(step.milliseconds),
    }))
}

/** Milliseconds, to the microsecond: no clock here knows more. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000
}

function didSomething({ asked, said, ended, error, milliseconds = 0 }: TraceStep): boolean {
  return asked && (ended || error !== undefined || milliseconds >= LONG || Object.keys(said).length > 0)
}

/** Plain values alone, and lists of numbers: what a middleware grants, decides and counts. */
function saidOf(said: Readonly<Record<string, unknown>>): Fields {
  return Object.fromEntries(
    Object.entries(said)
      .map(([name, value]) => [name, SECRET.test(name) ? '(not shown)' : plain(value)] as const)
      .filter(([, value]) => value !== undefined),
  )
}

function plain(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'string') return shown(value)
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (!Array.isArray(value) || value.length === 0) return undefined
  return value.every((one) => typeof one === 'number') ? value.join(', ') : undefined
}

/** Characters of what somebody said: it may be as long as a topic, or an answer of a web service. */
const LONGEST = 512

/** Without tokens and passwords of URLs, and nothing that moves a cursor. */
function shown<Text extends string | undefined>(text: Text): Text | string {
  return text === undefined ? text : loggable(text.slice(0, LONGEST))
}
