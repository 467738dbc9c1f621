export { ClientConnection } from './client.ts'
export type { ConnectionHost } from './host.ts'
export { listenerOf } from './listener-of.ts'
export { untakenOf } from './untaken.ts'
