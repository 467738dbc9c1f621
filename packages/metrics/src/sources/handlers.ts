/** What each handler of the stack did: see `stack.observation`. */
import type { HandlerActivity, MetricFamily, MetricSample, MetricType } from '@mqtt-stack/core'

type Amounts = Omit<HandlerActivity, 'callback' | 'middleware'>
type Read = (activity: Amounts) => number

const FAMILIES: readonly (readonly [name: string, type: MetricType, help: string, read: Read])[] = [
  ['mqtt_handler_calls_total', 'counter', 'Calls of a middleware’s handler.', ({ calls }) => calls],
  [
    'mqtt_handler_ended_total',
    'counter',
    'How often it ended the chain: a veto, or an answer that is enough.',
    ({ ended }) => ended,
  ],
  ['mqtt_handler_errors_total', 'counter', 'How often it failed.', ({ errors }) => errors],
  ['mqtt_handler_waiting', 'gauge', 'Runs that wait for its answer now.', ({ waiting }) => waiting],
  [
    'mqtt_handler_timed_calls_total',
    'counter',
    'Calls whose time was taken: some of all.',
    ({ timed }) => timed,
  ],
  [
    'mqtt_handler_timed_seconds_total',
    'counter',
    'The sum of these times, each until the answer.',
    ({ milliseconds }) => milliseconds / 1_000,
  ],
  ['mqtt_handler_longest_seconds', 'gauge', 'The longest of these times.', ({ longest }) => longest / 1_000],
]

/** Of those who were called. */
export function handlerFamilies(activity: readonly HandlerActivity[]): MetricFamily[] {
  const called = [...joined(activity).values()].filter(({ calls }) => calls > 0)
  return FAMILIES.map(([name, type, help, read]) => ({
    name,
    type,
    help,
    samples: called.map((one): MetricSample => {
      const { callback, middleware } = one
      return { labels: { callback, middleware }, value: read(one) }
    }),
  }))
}

/** Middlewares of one name are counted together. */
function joined(activity: readonly HandlerActivity[]): Map<string, HandlerActivity> {
  const all = new Map<string, HandlerActivity>()
  for (const one of activity) {
    const key = `${one.callback}\n${one.middleware}`
    const known = all.get(key)
    all.set(key, known === undefined ? one : sumOf(known, one))
  }
  return all
}

function sumOf(one: HandlerActivity, other: HandlerActivity): HandlerActivity {
  return {
    callback: one.callback,
    middleware: one.middleware,
    calls: one.calls + other.calls,
    ended: one.ended + other.ended,
    errors: one.errors + other.errors,
    waiting: one.waiting + other.waiting,
    timed: one.timed + other.timed,
    milliseconds: one.milliseconds + other.milliseconds,
    longest: Math.max(one.longest, other.longest),
  }
}
