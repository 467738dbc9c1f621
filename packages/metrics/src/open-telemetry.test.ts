import type { MiddlewareLike } from '@mqtt-stack/core'
import { Histogram } from '@mqtt-stack/core'
import { metrics as api } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import { describe, expect, it, onTestFinished } from 'vitest'
import { metered } from '../../../test/rig/metered.ts'

/** The SDK as its users set it up, but for a clock: it is read when the test says so. */
function sdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  onTestFinished(() => provider.shutdown())
  const read = async () => {
    exporter.reset()
    await reader.forceFlush()
    const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
    return new Map(found.flatMap(({ metrics }) => metrics).map((one) => [one.descriptor.name, one] as const))
  }
  return { provider, read }
}

describe('OpenTelemetry', () => {
  it('reads all families: counters, gauges, and histograms as Prometheus has them', async () => {
    const { provider, read } = sdk()
    const times = new Histogram([0.1, 1])
    times.observe(0.5)
    times.observe(2)
    const mine: MiddlewareLike = {
      name: 'Mine',
      lookupMetrics: (_ctx, store) => void store.push(times.family('my_wait_seconds', 'Mine.')),
    }
    const { broker, client, seconds } = metered({ openTelemetry: provider }, {}, mine)
    await broker.start()
    await client()
    await seconds(2)
    const found = await read()
    const points = (name: string) =>
      found.get(name)?.dataPoints.map(({ attributes, value }) => [attributes, value])
    expect(points('mqtt_clients_connected')).toEqual([
      [{ version: '5.0', listener: 'memory', user: 'anonymous' }, 1],
    ])
    expect(points('mqtt_packets_received')).toEqual([[{ type: 'connect' }, 1]])
    expect(points('my_wait_seconds_count')).toEqual([[{}, 2]])
    expect(points('my_wait_seconds_sum')).toEqual([[{}, 2.5]])
    expect(points('my_wait_seconds_bucket')).toEqual([
      [{ le: '0.1' }, 0],
      [{ le: '1' }, 1],
      [{ le: '+Inf' }, 2],
    ])
    const { unit, description } = found.get('mqtt_memory_held_bytes')?.descriptor ?? {}
    expect([unit, description]).toEqual(['By', 'Bytes that are kept because of clients.'])
    expect(found.get('my_wait_seconds_sum')?.descriptor.unit).toBe('s')
  })

  it('is given families that come later', async () => {
    const { provider, read } = sdk()
    let late = false
    const mine: MiddlewareLike = {
      name: 'Mine',
      lookupMetrics(_ctx, store) {
        if (late)
          store.push({ name: 'my_late', type: 'gauge', help: 'Mine.', samples: [{ labels: {}, value: 7 }] })
      },
    }
    const { broker, seconds } = metered({ openTelemetry: provider }, {}, mine)
    await broker.start()
    late = true
    await seconds(2)
    await read()
    expect((await read()).get('my_late')?.dataPoints[0].value).toBe(7)
  })

  it('is the provider that is registered, with true; and it is read no more when the broker is closed', async () => {
    const { provider, read } = sdk()
    api.setGlobalMeterProvider(provider)
    onTestFinished(() => api.disable())
    let asked = 0
    const mine: MiddlewareLike = { name: 'Mine', lookupMetrics: () => void asked++ }
    const { broker, seconds } = metered({ openTelemetry: true }, {}, mine)
    await broker.start()
    await seconds(2)
    const before = asked
    expect((await read()).has('mqtt_sessions')).toBe(true)
    expect(asked).toBe(before + 1)
    await broker.close()
    await read()
    expect(asked).toBe(before + 1)
  })
})
