/**
 * `@mqtt-stack/conformance`: checks any MQTT broker against the numbered statements of MQTT 3.1.1 and 5.0.
 * @packageDocumentation
 */
export * from './data/standards.ts'
export * from './data/unseen.ts'
export * from './harness/chapter.ts'
export * from './harness/describe-protocol.ts'
export * from './harness/errors.ts'
export * from './harness/raw-client.ts'
export * from './harness/run-suite.ts'
export * from './harness/run-test.ts'
export * from './harness/target.ts'
export * from './harness/test-context.ts'
export * from './protocol/index.ts'
export * from './report/report-table.ts'
