import type { Address } from './address.ts'

/** What all connections of a listener have in common. */
export interface Place {
  readonly transport: Address['transport']
  /** Only this machine can reach the listener; known once it is open. */
  local: boolean
  readonly name: string | undefined
  readonly providers: readonly string[] | undefined
}

/** Of a listener that is not open yet. */
export function placeOf(config: Pick<Place, 'transport' | 'name' | 'providers'>): Place {
  const { transport, name, providers } = config
  return { transport, local: transport === 'unix', name, providers }
}
