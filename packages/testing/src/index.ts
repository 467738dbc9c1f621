/**
 * `@mqtt-stack/testing`: an in-memory client, a virtual clock and a strict stack on no socket, for tests of
 * middlewares and devices.
 * @packageDocumentation
 */
export * from './accept-all.ts'
export * from './delayed-backend.ts'
export * from './late-backend.ts'
export * from './memory-service.ts'
export * from './memory-store.ts'
export * from './recording-logger.ts'
export * from './settle.ts'
export * from './slow-backend.ts'
export * from './stream-pair.ts'
export * from './test-client.ts'
export * from './test-client-options.ts'
export * from './test-stack.ts'
export * from './virtual-clock.ts'
