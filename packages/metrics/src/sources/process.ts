/** This process: processor, memory, event loop, garbage collection. Names are those of Prometheus' clients. */
import type { IntervalHistogram } from 'node:perf_hooks'
import { constants, monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import type { MetricFamily, MetricSample } from '@mqtt-stack/core'
import { Histogram } from '@mqtt-stack/core'
import { one } from './memory.ts'

/** Milliseconds between two looks at how late the event loop is. */
const RESOLUTION = 20
const NANOSECONDS = 1e9

const KINDS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
}

export class ProcessSource {
  #delays: IntervalHistogram | undefined
  #observer: PerformanceObserver | undefined
  readonly #collections = new Map<string, Histogram>()
  /** Of the event loop since the last time. */
  #before = performance.eventLoopUtilization()

  start(): void {
    // Other runtimes may have neither.
    try {
      this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION })
      this.#delays.enable()
    } catch {}
    try {
      this.#observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) this.#collected(entry, entry.duration / 1_000)
      })
      this.#observer.observe({ entryTypes: ['gc'] })
    } catch {}
  }

  stop(): void {
    this.#delays?.disable()
    this.#observer?.disconnect()
  }

  #collected(entry: object, seconds: number): void {
    const { detail } = entry as { detail?: { kind?: number } }
    const name = KINDS[detail?.kind ?? 0] ?? 'other'
    let times = this.#collections.get(name)
    if (times === undefined) {
      times = new Histogram([0.001, 0.01, 0.1, 1, 2, 5])
      this.#collections.set(name, times)
    }
    times.observe(seconds)
  }

  families(): MetricFamily[] {
    const { user, system } = process.cpuUsage()
    const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage()
    const utilization = performance.eventLoopUtilization(this.#before)
    this.#before = performance.eventLoopUtilization()
    return [
      one('process_cpu_seconds_total', 'counter', 'Processor time of the process.', (user + system) / 1e6),
      one(
        'process_start_time_seconds',
        'gauge',
        'When the process started, in seconds since 1970.',
        Math.round(Date.now() / 1_000 - process.uptime()),
      ),
      one('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', rss),
      one('nodejs_heap_size_total_bytes', 'gauge', 'Heap of the engine.', heapTotal),
      one('nodejs_heap_size_used_bytes', 'gauge', 'What of the heap is used.', heapUsed),
      one('nodejs_external_memory_bytes', 'gauge', 'Memory of objects outside the heap.', external),
      one('nodejs_array_buffers_bytes', 'gauge', 'Of it, memory of buffers.', arrayBuffers),
      one(
        'nodejs_eventloop_utilization_ratio',
        'gauge',
        'The part of the time that the event loop was busy, since it was asked for the last time.',
        utilization.utilization,
      ),
      ...this.#lateness(),
      {
        name: 'nodejs_gc_duration_seconds',
        type: 'histogram',
        help: 'Garbage collections, by kind.',
        samples: [...this.#collections].map(([kind, times]) => times.sample({ kind })),
      },
    ]
  }

  /** Of the event loop since it was asked for the last time. */
  #lateness(): MetricFamily[] {
    const delays = this.#delays
    if (delays === undefined) return []
    const late = (nanoseconds: number): number =>
      Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION / 1_000) || 0
    const samples: MetricSample[] = [
      { labels: { statistic: 'mean' }, value: late(delays.mean) },
      { labels: { statistic: 'p50' }, value: late(delays.percentile(50)) },
      { labels: { statistic: 'p99' }, value: late(delays.percentile(99)) },
      { labels: { statistic: 'max' }, value: late(delays.max) },
    ]
    delays.reset()
    return [
      {
        name: 'nodejs_eventloop_lateness_seconds',
        type: 'gauge',
        help: 'How late the event loop was, since it was asked for the last time.',
        samples: samples.map(({ labels, value }) => ({ labels, value: value > 1e6 ? 0 : value })),
      },
    ]
  }
}
