import type { Address } from './address.ts'
import type { ProxyGate } from './proxy/proxy-gate.ts'

/** What all connections of a listener have in common. */
export interface Place {
  readonly transport: Address['transport']
  /** Only this machine can reach the listener; known once it is open. */
  local: boolean
  readonly name: string | undefined
  readonly providers: readonly string[] | undefined
  /** Where each connection comes through a proxy: what that says. */
  gate: ProxyGate | undefined
}

/** Of a listener that is not open yet. */
export function placeOf(config: Pick<Place, 'transport' | 'name' | 'providers'>): Place {
  const { transport, name, providers } = config
  return { transport, local: transport === 'unix', name, providers, gate: undefined }
}
