import { FAN_OUT_WINDOW, flow } from './flow.ts'
import { fanIn, fanOut, pairs } from './layouts.ts'
import type { Scenario } from './scenario.ts'

const toFans = { layout: fanOut(500), window: FAN_OUT_WINDOW }

/** The flows that differ by data alone. */
export const flows: readonly Scenario[] = [
  flow('pair0', '10 publishers to 10 subscribers, QoS 0', { layout: pairs(10) }),
  flow('pair1', '10 publishers to 10 subscribers, QoS 1', { layout: pairs(10), qos: 1 }),
  flow('pair2', '10 publishers to 10 subscribers, QoS 2', { layout: pairs(10), qos: 2 }),
  flow('stored1', 'pair1 with sessions that outlive their connections', {
    layout: pairs(10),
    qos: 1,
    stored: true,
    scenario: { needs: ['sessions'] },
  }),
  flow('fanout0', '1 publisher to 500 subscribers, QoS 0', toFans),
  flow('fanout1', '1 publisher to 500 subscribers, QoS 1', { ...toFans, qos: 1 }),
  flow('fanin0', '50 publishers to 1 subscriber by wildcard, QoS 0', { layout: fanIn(50) }),
  flow('big0', '10 publishers to 10 subscribers, 16 KiB payloads, QoS 0', {
    layout: pairs(10),
    payload: 16 * 1024,
    // 480 of 16 KiB under way are 786 kB a pair: more would measure how brokers drop, not how they carry.
    window: 480,
    scenario: { conditions: '16 KiB payloads, window 480' },
  }),
  flow('many', '1,000 publishers to 1,000 subscribers, a message a write, QoS 0', {
    // A write for each message is most of the work, and the load's: one process of it would be the limit.
    layout: [pairs(500), pairs(500, 'pair', 500)],
    batch: 1,
    scenario: { conditions: '1 message a write, a load of two processes' },
  }),
  flow('ws', 'pair0 over WebSocket', {
    layout: pairs(10),
    scenario: { transport: 'ws', needs: ['ws'] },
  }),
  flow('tls', 'pair0 over TLS', {
    layout: pairs(10),
    scenario: { transport: 'tls', needs: ['tls'] },
  }),
]

/** The same flow at ever more clients: how cost grows with them. */
export const growth: readonly Scenario[] = [10, 100, 1000, 10_000].map((clients) =>
  flow(`growth${clients}`, `pair0 with ${clients.toLocaleString('en')} clients`, {
    layout: pairs(clients / 2),
    scenario: { group: 'growth' },
  }),
)
