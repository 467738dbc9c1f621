/** What may be done here by whoever has a role, by name: so that a page offers nothing that would be refused. */
import type { CallbackName } from '@mqtt-stack/core'
import type { Desk } from './desk.ts'
import type { Operator } from './operator.ts'
import type { Role } from './tokens.ts'
import { mayAct } from './tokens.ts'

interface Ability {
  readonly role: Role
  /** What the operator must have for it. */
  readonly part?: keyof Operator
  /** What somebody must answer for it. */
  readonly callback?: CallbackName
}

const ABILITIES = {
  listeners: { role: 'read', part: 'listeners' },
  openListener: { role: 'operate', part: 'openListener' },
  closeListener: { role: 'operate', part: 'closeListener' },
  reload: { role: 'operate', part: 'reload' },
  configuration: { role: 'read', part: 'configuration' },
  explain: { role: 'read', part: 'explain' },
  logLevel: { role: 'read', part: 'logLevel' },
  setLogLevel: { role: 'operate', part: 'setLogLevel' },
  kick: { role: 'operate' },
  ban: { role: 'operate' },
  publish: { role: 'operate', callback: 'relayMessage' },
  clearRetained: { role: 'operate', callback: 'storeRetainedMessage' },
  purge: { role: 'operate', callback: 'purgeMessages' },
  endSession: { role: 'operate', callback: 'endSession' },
  endSubscription: { role: 'operate', callback: 'endSubscription' },
  users: { role: 'read', callback: 'lookupUsers' },
  storeUser: { role: 'operate', callback: 'storeUser' },
  removeUser: { role: 'operate', callback: 'removeUser' },
  rules: { role: 'read', callback: 'lookupRules' },
  storeRule: { role: 'operate', callback: 'storeRule' },
  removeRule: { role: 'operate', callback: 'removeRule' },
  trace: { role: 'operate', callback: 'followTraffic' },
  why: { role: 'read', callback: 'explainDelivery' },
  top: { role: 'read', callback: 'lookupTop' },
} as const satisfies Readonly<Record<string, Ability>>

/** Names of all. */
export const ABILITY_NAMES: readonly string[] = Object.keys(ABILITIES)

/** Those of whoever has this role. */
export function abilitiesOf({ operator, stack }: Desk, role: Role): readonly string[] {
  const all: readonly (readonly [string, Ability])[] = Object.entries(ABILITIES)
  return all
    .filter(([, ability]) => {
      const { role: wanted, part, callback } = ability
      const isThere = part === undefined || operator[part] !== undefined
      return mayAct(role, wanted) && isThere && (callback === undefined || stack.answers(callback))
    })
    .map(([name]) => name)
}
