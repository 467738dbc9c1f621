/** Spans of a message's way, made with the SDK that users have. */
import { propagation, trace } from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type { IPublishPacket } from 'mqtt-packet'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { connected, tracedBroker } from '../../../../test/rig/traced.ts'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const UNSAMPLED = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'

const exporter = new InMemorySpanExporter()

function setUp(sampler: AlwaysOnSampler | TraceIdRatioBasedSampler = new AlwaysOnSampler()): void {
  trace.disable()
  const provider = new BasicTracerProvider({
    sampler: new ParentBasedSampler({ root: sampler }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  })
  trace.setGlobalTracerProvider(provider)
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
}

beforeEach(() => exporter.reset())

afterAll(() => {
  trace.disable()
  propagation.disable()
})

describe('a message', () => {
  it('has a span, a child of its traceparent, with its deliveries in it; receivers get its context', async () => {
    setUp()
    const { broker } = await tracedBroker({}, { spans: true })
    const [lamp, pump] = [
      await connected(broker, { clientId: 'lamp' }),
      await connected(broker, { clientId: 'pump' }),
    ]
    await lamp.subscribe('a/b', { qos: 1 })
    const userProperties = { traceparent: PARENT, other: 'stays' }
    await pump.publish('a/b', 'x', { qos: 1, properties: { userProperties } })
    const { properties } = (await lamp.next('publish')) as IPublishPacket
    const [deliver, publish] = exporter.getFinishedSpans()
    expect(publish.name).toBe('publish a/b')
    expect(publish.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(publish.attributes).toMatchObject({
      'messaging.system': 'mqtt',
      'messaging.client.id': 'pump',
      'mqtt_stack.matched': 1,
      'mqtt_stack.qos': 1,
    })
    expect(deliver.name).toBe('deliver a/b')
    expect(deliver.attributes).toMatchObject({ 'messaging.client.id': 'lamp', 'mqtt_stack.outcome': 'sent' })
    expect(deliver.parentSpanContext?.spanId).toBe(publish.spanContext().spanId)
    const { traceId, spanId } = publish.spanContext()
    expect(properties?.userProperties).toEqual([
      ['other', 'stays'],
      ['traceparent', `00-${traceId}-${spanId}-01`],
    ])
  })

  it('that a rule refuses names it, and each middleware that took time has a span of its own', async () => {
    setUp()
    const clockOf: { spend?: (ms: number) => void } = {}
    const { broker, clock } = await tracedBroker(
      {
        use: [
          {
            name: 'Slow rule',
            relayMessage(_ctx, _store, _next, done) {
              clockOf.spend?.(7)
              done()
            },
          },
        ],
      },
      { spans: true },
    )
    clockOf.spend = (ms) => clock.spend(ms)
    await broker.publish('a', 'x')
    const [slow, publish] = exporter.getFinishedSpans()
    expect(slow.name).toBe('Slow rule')
    expect(slow.duration).toEqual([0, 7_000_000])
    expect(publish.attributes).toMatchObject({ 'mqtt_stack.vetoed_by': 'Slow rule', 'mqtt_stack.matched': 0 })
  })

  it('that fails has the error in its span', async () => {
    setUp()
    const { broker } = await tracedBroker(
      { use: [{ name: 'Bad', relayMessage: () => Promise.reject(new Error('no')) }] },
      { spans: true },
    )
    await broker.publish('a', 'x').catch(() => {})
    const [publish] = exporter.getFinishedSpans()
    expect(publish.status).toMatchObject({ code: 2, message: 'no' })
  })

  it('with many receivers has so many deliveries in it, and the count of all', async () => {
    setUp()
    const { broker } = await tracedBroker({}, { spans: true })
    for (let i = 0; i < 20; i++) await (await connected(broker, { clientId: `c${i}` })).subscribe('a')
    await broker.publish('a', 'x')
    const spans = exporter.getFinishedSpans()
    expect(spans).toHaveLength(17)
    expect(spans.at(-1)?.attributes['mqtt_stack.deliveries']).toBe(20)
  })

  it('that the sampler does not want has none, and keeps its own context', async () => {
    setUp(new TraceIdRatioBasedSampler(0))
    const { broker } = await tracedBroker({}, { spans: true })
    const lamp = await connected(broker, { clientId: 'lamp' })
    await lamp.subscribe('a')
    await lamp.publish('a', 'x', { properties: { userProperties: { traceparent: UNSAMPLED } } })
    const { properties } = (await lamp.next('publish')) as IPublishPacket
    expect(properties?.userProperties).toEqual([['traceparent', UNSAMPLED]])
    expect(exporter.getFinishedSpans()).toEqual([])
  })

  it('of whom nobody asked for spans has none', async () => {
    setUp()
    const { broker } = await tracedBroker()
    await broker.publish('a', 'x')
    expect(exporter.getFinishedSpans()).toEqual([])
  })
})
