export { listenerOf } from './arrival.ts'
export { ClientConnection } from './client.ts'
export type { ConnectionHost } from './host.ts'
export { untakenOf } from './untaken.ts'
