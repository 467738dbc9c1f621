/** What happens to somebody, why something did not come, and who may do what. */
import type { Finding, TrafficEvent } from '@mqtt-stack/core'
import { printable } from '@mqtt-stack/core'
import type { Deed } from './deed.ts'
import { deed } from './deed.ts'

/** The answer is no, or something is in the way. */
const NO = 2

interface TraceFlags {
  client?: string
  topic?: string
  address?: string
  seconds?: number
  events?: number
  payloads?: boolean
}

export const TRACE: Deed = deed<TraceFlags>({
  doc: 'follow a client, a topic or an address, a line a packet or decision',
  flags: {
    client: { kind: 'string', optional: true, doc: 'client identifier' },
    topic: { kind: 'string', optional: true, doc: 'topic filter' },
    address: { kind: 'string', optional: true, doc: 'where clients come from' },
    seconds: { kind: 'number', default: 60, min: 1, max: 3_600, doc: 'for how long' },
    events: { kind: 'number', default: 1_000, min: 1, max: 100_000, doc: 'how many lines at most' },
    payloads: { kind: 'boolean', default: false, doc: 'show payloads and user properties' },
  },
  wants: { client: 'id', topic: 'filter', address: 'address', seconds: 's', events: 'n' },
  run: async ({ admin, flags, io, say }) => {
    const { client: clientId, ...terms } = flags
    const { trafficLine } = await import('@mqtt-stack/tracing')
    await admin.events('/api/trace', { clientId, ...terms }, undefined, (kind, data) => {
      if (kind === 'traffic') say(data, () => `${trafficLine(data as TrafficEvent)}\n`)
      else if (kind === 'over') io.stderr.write(`over: ${printable(String((data as { why: string }).why))}\n`)
      else if (kind === 'dropped')
        io.stderr.write(`${Number((data as { count: number }).count)} lines were left out\n`)
    })
  },
})

interface WhyFlags {
  topic: string
  to: string
  from?: string
}

export const WHY: Deed = deed<WhyFlags>({
  doc: 'say why messages on a topic did not come to a client; exit with 2 where something is in the way',
  flags: {
    topic: { kind: 'string', doc: 'topic name' },
    to: { kind: 'string', doc: 'client identifier of who should have got it' },
    from: { kind: 'string', optional: true, doc: 'client identifier of the publisher' },
  },
  wants: { topic: 'topic', to: 'id', from: 'id' },
  run: async ({ admin, flags, say }) => {
    const found = await admin.ask<Finding[]>('GET', '/api/why', { ...flags })
    say(found, () =>
      found.length === 0
        ? 'nothing is in the way, and nothing was lately\n'
        : found
            .map(
              ({ cause, text, at }) => `${printable(`${cause}: ${text}`)}${at ? ` (${timeOf(at)})` : ''}\n`,
            )
            .join(''),
    )
    return found.length === 0 ? 0 : NO
  },
})

interface ExplainFlags {
  user?: string
  client?: string
  listener?: string
  publish?: string
  subscribe?: string
  will?: string
  connect?: boolean
}

interface Explained {
  readonly allowed: boolean
  readonly reason: string
  readonly who: string
  readonly steps: readonly {
    readonly middleware: string
    readonly answer: string
    readonly reason?: string
  }[]
}

export const EXPLAIN: Deed = deed<ExplainFlags>({
  doc: 'say whether somebody may do something, and who says so; exit with 2 where not',
  flags: {
    user: { kind: 'string', optional: true, doc: 'who it is' },
    client: { kind: 'string', optional: true, doc: 'client identifier' },
    listener: { kind: 'string', optional: true, doc: 'the listener that it comes by' },
    publish: { kind: 'string', optional: true, doc: 'may it publish to this topic?' },
    subscribe: { kind: 'string', optional: true, doc: 'may it subscribe to this filter?' },
    will: { kind: 'string', optional: true, doc: 'may it leave a will for this topic?' },
    connect: { kind: 'boolean', default: false, doc: 'may it connect?' },
  },
  wants: {
    user: 'name',
    client: 'id',
    listener: 'name',
    publish: 'topic',
    subscribe: 'filter',
    will: 'topic',
  },
  run: async ({ admin, flags, say }) => {
    const { connect, ...asked } = flags
    const question = { ...asked, ...(connect === true && { connect }) }
    const said = await admin.ask<Explained>('POST', '/api/explain', {}, question)
    say(said, () => {
      const steps = said.steps.map(
        ({ middleware, answer, reason }) =>
          `  ${printable(`${middleware}: ${answer}${reason ? `: ${reason}` : ''}`)}\n`,
      )
      return `${said.allowed ? 'yes' : 'no'}: ${printable(said.who)}\n${steps.join('')}because ${printable(said.reason)}\n`
    })
    return said.allowed ? 0 : NO
  },
})

function timeOf(at: number): string {
  return new Date(at).toISOString()
}
