/** What a program gives its broker by name: a wrong name or a wrong kind is one clear error, and not passed over. */
import { Tracing } from '@mqtt-stack/tracing'
import { describe, expect, it } from 'vitest'
import { testBroker } from '../../../test/rig/broker.ts'
import type { Broker } from './broker.ts'

type Call = (broker: Broker, given: never) => unknown

const CALLS: Record<string, Call> = {
  subscribe: (broker, options) => broker.subscribe('a', () => {}, options),
  publish: (broker, options) => broker.publish('a', 'x', options),
  sendTo: (broker, message) => broker.sendTo('lamp', message),
  retained: (broker, range) => broker.retained('a', range).next(),
  kick: (broker, options) => broker.kick('lamp', options),
  explain: (broker, question) => broker.explain(question),
  followTraffic: (broker, terms) => broker.stack.call('followTraffic', { terms, see: () => {} }),
  explainDelivery: (broker, question) => broker.stack.call('explainDelivery', question),
}

async function failureOf(call: Call, given: unknown): Promise<unknown> {
  const broker = testBroker({ use: [new Tracing()] })
  await broker.start()
  return Promise.resolve(call(broker, given as never)).then(
    () => 'nothing',
    ({ code, message }) => [code, message],
  )
}

describe('what is given by name', () => {
  it.each<[string, unknown, string, string]>([
    ['subscribe', { qs: 1 }, 'OPTION_UNKNOWN', 'subscribe: unknown option "qs" (did you mean "qos"?)'],
    ['subscribe', { qos: 3 }, 'OPTION_INVALID', 'subscribe: option "qos" must be one of 0, 1, 2, not 3'],
    ['subscribe', { share: 7 }, 'OPTION_INVALID', 'subscribe: option "share" must be a string, not 7'],
    [
      'subscribe',
      { retained: 'no' },
      'OPTION_INVALID',
      'subscribe: option "retained" must be a boolean, not "no"',
    ],
    [
      'subscribe',
      { concurrency: 1.5 },
      'OPTION_INVALID',
      'subscribe: option "concurrency" must be a whole number, not 1.5',
    ],
    [
      'publish',
      { retian: true },
      'OPTION_UNKNOWN',
      'publish: unknown option "retian" (did you mean "retain"?)',
    ],
    ['publish', { qos: '1' }, 'OPTION_INVALID', 'publish: option "qos" must be one of 0, 1, 2, not "1"'],
    ['sendTo', {}, 'OPTION_MISSING', 'sendTo: option "topic" is required: the topic name'],
    [
      'sendTo',
      { topic: 'a', playload: 'x' },
      'OPTION_UNKNOWN',
      'sendTo: unknown option "playload" (did you mean "payload"?)',
    ],
    [
      'sendTo',
      { topic: 'a', payload: { on: true } },
      'OPTION_INVALID',
      'sendTo: option "payload" must be text or bytes, not {"on":true}: make it text with JSON.stringify',
    ],
    ['sendTo', 'a', 'OPTION_INVALID', 'sendTo: options must be an object, not "a"'],
    ['retained', { pages: 5 }, 'OPTION_UNKNOWN', 'retained: unknown option "pages" (did you mean "page"?)'],
    [
      'retained',
      { page: 0 },
      'OPTION_INVALID',
      'retained: option "page" must be a number of at least 1, not 0',
    ],
    ['kick', { reson: 'x' }, 'OPTION_UNKNOWN', 'kick: unknown option "reson" (did you mean "reason"?)'],
    [
      'kick',
      { reasonCode: 0 },
      'OPTION_INVALID',
      'kick: option "reasonCode" must be a number from 128 to 255, not 0',
    ],
    [
      'explain',
      { subscibe: 'a' },
      'OPTION_UNKNOWN',
      'explain: unknown option "subscibe" (did you mean "subscribe"?)',
    ],
    ['explain', { publish: 7 }, 'OPTION_INVALID', 'explain: option "publish" must be a string, not 7'],
    [
      'explain',
      { publish: 'a', groups: 'staff' },
      'OPTION_INVALID',
      'explain: option "groups" must be a list of names, not "staff"',
    ],
    ...['junk', '999.1.1.1', '10.0.0.1:1883', ''].map((address): [string, object, string, string] => [
      'explain',
      { publish: 'a', address },
      'OPTION_INVALID',
      `explain: option "address" must be an IP address, such as 192.0.2.7, not "${address}"`,
    ]),
    [
      'followTraffic',
      { clientID: 'lamp' },
      'OPTION_UNKNOWN',
      'follow: unknown option "clientID" (did you mean "clientId"?)',
    ],
    ['followTraffic', { topic: 7 }, 'OPTION_INVALID', 'follow: option "topic" must be a string, not 7'],
    ['followTraffic', undefined, 'OPTION_INVALID', 'follow: say whom: a clientId, a topic or an address'],
    [
      'explainDelivery',
      { topic: 'a', client: 'lamp' },
      'OPTION_UNKNOWN',
      'explainDelivery: unknown option "client" (did you mean "clientId"?)',
    ],
  ])('of %s: %o', async (name, given, code, message) => {
    expect(await failureOf(CALLS[name], given)).toEqual([code, message])
  })

  it.each<[Call, string]>([
    [
      (broker) => broker.subscribe('a', undefined as never),
      'subscribe: the listener must be a function, not undefined',
    ],
    [(broker) => broker.subscribe(undefined as never, () => {}), 'not a topic filter: undefined'],
    [
      (broker) => broker.sendTo(undefined as never, { topic: 'a' }),
      'sendTo: the client identifier must be text, not undefined',
    ],
    [
      (broker) => broker.stack.call('followTraffic', { terms: { clientId: 'a' } } as never),
      'follow: "see" must be a function, not undefined',
    ],
    [
      (broker) =>
        broker.stack.call('followTraffic', { terms: { clientId: 'a' }, see: () => {}, over: 1 } as never),
      'follow: "over" must be a function, not 1',
    ],
  ])('and what is not by name is told as well: %#', async (call, message) => {
    expect(await failureOf(call, undefined)).toEqual([expect.any(String), message])
  })
})
