import type { OptionsSpec } from '@mqtt-stack/core'

export interface TracingOptions {
  followers?: number
  history?: number
  historySeconds?: number
  spans?: boolean
}

export const TRACING_OPTIONS: OptionsSpec<TracingOptions> = {
  followers: {
    kind: 'number',
    default: 8,
    min: 0,
    max: 1_000,
    live: true,
    doc: 'How many may follow clients, topics or addresses at the same time.',
  },
  history: {
    kind: 'number',
    default: 4_096,
    min: 0,
    max: 1_000_000,
    doc: 'How many events are remembered for `why`: drops, refusals, ends of connections and sessions. The oldest go first; of 1,024 or more, what one client does fills a sixteenth.',
  },
  historySeconds: {
    kind: 'number',
    default: 600,
    min: 1,
    max: 86_400,
    doc: 'How long they are remembered, in seconds.',
  },
  spans: {
    kind: 'boolean',
    default: false,
    doc: 'Makes OpenTelemetry spans of messages: the SDK that the program has set up samples them. Wants `@opentelemetry/api`.',
  },
}
