export { listenerOf } from './arrival.ts'
export { Client, type Listener } from './client.ts'
export type { ClientSettings } from './client-settings.ts'
export { untakenOf } from './untaken.ts'
