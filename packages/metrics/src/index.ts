/**
 * `@mqtt-stack/metrics`: counts what the stack does, for Prometheus, OpenTelemetry and `$SYS`.
 * @packageDocumentation
 */
export { Metrics } from './metrics.ts'
export { METRICS_OPTIONS, type MetricsOptions } from './options.ts'
export type { Meter, MeterProvider, Observable, ObservableResult } from './out/meter.ts'
export type { Place } from './out/place.ts'
