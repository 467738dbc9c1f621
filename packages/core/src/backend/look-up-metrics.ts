/** What a backend counts, for `lookupMetrics`. */
import type { MetricFamily, Store } from '../contract/index.ts'
import type { Steps } from '../time/index.ts'
import type { Parts } from './parts.ts'

/** Looks through all sessions; others have their turn in between. */
export function* lookUpMetrics(parts: Parts, store: Store<'lookupMetrics'>): Steps {
  const { stack, sessions, subscriptions, retained, wills, disk } = parts
  let [messages, bytes, awaiting] = [0, 0, 0]
  for (const { state } of sessions.all) {
    if (stack.pace.spent) yield stack.pace.rest()
    if (state === undefined) continue
    const { log, inbound } = state
    messages += log.size
    bytes += log.bytes
    awaiting += inbound.size
  }
  store.push(
    gauge('mqtt_sessions', 'Sessions, connected or not.', sessions.size),
    gauge('mqtt_sessions_stored', 'Sessions that outlive their connection.', sessions.stored),
    gauge('mqtt_sessions_expiring', 'Sessions without a connection whose time runs out.', sessions.expiring),
    gauge('mqtt_subscriptions', 'Subscriptions, one a session and filter.', subscriptions.size),
    gauge('mqtt_shared_subscriptions', 'Those of them that are shared.', subscriptions.shared),
    gauge('mqtt_stored_messages', 'Messages in the logs of sessions, sent or not.', messages),
    gauge('mqtt_stored_messages_bytes', 'Bytes of them, about.', bytes),
    gauge('mqtt_inbound_awaiting_release', 'QoS 2 messages of clients that await PUBREL.', awaiting),
    gauge('mqtt_retained_messages', 'Topics with a retained message.', retained.size),
    gauge('mqtt_wills_waiting', 'Wills that wait for their time.', wills.size),
    ...(disk?.metrics() ?? []),
  )
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'gauge', help, samples: [{ labels: {}, value }] }
}
