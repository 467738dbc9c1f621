import type { Address } from './address.ts'
import type { OwnLimits } from './own-limits.ts'
import { ownLimitsOf } from './own-limits.ts'
import type { ProxyGate } from './proxy/proxy-gate.ts'

/** What all connections of a listener have in common. */
export interface Place {
  readonly transport: Address['transport']
  /** Only this machine can reach the listener; known once it is open. */
  local: boolean
  readonly name: string | undefined
  readonly providers: readonly string[] | undefined
  /** In place of those of the whole broker; they may change. */
  limits: OwnLimits | undefined
  /** Where each connection comes through a proxy: what that says. */
  gate: ProxyGate | undefined
}

/** What a place is made of. */
export interface PlaceConfig extends Pick<Place, 'transport' | 'name' | 'providers'> {
  readonly limits?: OwnLimits['options'] | undefined
}

/** Of a listener that is not open yet. */
export function placeOf(config: PlaceConfig): Place {
  const { transport, name, providers } = config
  const limits = ownLimitsOf(config)
  return { transport, local: transport === 'unix', name, providers, limits, gate: undefined }
}
