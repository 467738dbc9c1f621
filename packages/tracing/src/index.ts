/**
 * `@mqtt-stack/tracing`: follows clients and topics live, says why a message did not come, and makes OpenTelemetry spans.
 * @packageDocumentation
 */
export { TRACING_OPTIONS, type TracingOptions } from './options.ts'
export { Tracing } from './tracing.ts'
export { trafficLine } from './traffic/line.ts'
