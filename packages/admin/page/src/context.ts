import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Api } from './api.ts'

/** What every page works with. */
export interface Desk {
  readonly api: Api
  /** The token may change things. */
  readonly operates: boolean
  /** Whether something can be done here with the token: what cannot is not offered. */
  can(ability: string): boolean
  readonly about: About
}

/** What the broker says of itself. */
export interface About {
  readonly version: string
  readonly node: string
  readonly uptime: number
  readonly role: 'read' | 'operate'
  readonly clients: number
  readonly can: readonly string[]
}

export const DeskContext = createContext<Desk | undefined>(undefined)

export function useDesk(): Desk {
  const desk = useContext(DeskContext)
  if (desk === undefined) throw new Error('a page outside of the app')
  return desk
}
