/**
 * `@mqtt-stack/conformance/backend`: checks whether a middleware is a backend.
 * @packageDocumentation
 */
export * from './backend-under-test.ts'
export type { Chapter, Check } from './check.ts'
export * from './contents.ts'
export * from './describe-backend.ts'
export * from './faulty-shared-store.ts'
export * from './faulty-store.ts'
export * from './over-service.ts'
export * from './over-store.ts'
export * from './shared-store/describe-shared-store.ts'
export type { SharedChapter, SharedCheck } from './shared-store/shared-check.ts'
export type { SharedPlace } from './shared-store/shared-place.ts'
export * from './store/describe-store.ts'
export type { StoreChapter, StoreCheck } from './store/store-check.ts'
