/** An event of a live trace as one line for a terminal. */
import type { Fields, TrafficEvent, TrafficStep } from '@mqtt-stack/core'
import { printable } from '@mqtt-stack/core'

const ARROWS: Readonly<Record<TrafficEvent['kind'], string>> = { in: '>', out: '<', decided: ' ' }

/**
 * `12:00:00.125 lamp > PUBLISH topic=a/b qos=1 bytes=5 | InboundManager done 0.21 ms`: `>` came from the client, `<` was
 * sent to it, and lines without an arrow are decisions.
 */
export function trafficLine(event: TrafficEvent): string {
  const { at, kind, clientId, name, fields, steps, milliseconds } = event
  const time = new Date(at).toISOString().slice(11, 23)
  const what = kind === 'decided' ? name : name.toUpperCase()
  const words = [time, clientId || '-', ARROWS[kind], what, pairs(fields)].filter((word) => word !== '')
  if (milliseconds !== undefined) words.push(duration(milliseconds))
  return printable([words.join(' '), ...steps.map(stepWords)].join(' | '))
}

function stepWords({ middleware, ended, said, failed, milliseconds }: TrafficStep): string {
  const words = [middleware, pairs(said)]
  if (ended) words.push('done')
  if (failed !== undefined) words.push(`failed: ${failed}`)
  if (milliseconds !== undefined) words.push(duration(milliseconds))
  return words.filter((word) => word !== '').join(' ')
}

function duration(milliseconds: number): string {
  return `${milliseconds.toFixed(2)} ms`
}

function pairs(fields: Fields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${wordOf(value)}`)
    .join(' ')
}

function wordOf(value: Fields[string]): string {
  return typeof value === 'string' && /[\s"=|]/.test(value) ? JSON.stringify(value) : String(value)
}
