/** What rules were asked about each client. */
import type { Client } from '@mqtt-stack/core'
import { PROCESS, Slot } from '@mqtt-stack/core'
import { Rights } from './rights.ts'
import type { RuleSet } from './rule-set.ts'
import { EVERYTHING } from './rule-set.ts'
import { subjectOf } from './subject.ts'

/** What was asked about a client. */
export class Asked {
  /** What it may do; made at the first question, and again when rules or the client's names have changed. */
  rights: Rights | undefined = undefined
  /** By which rules it was let subscribe last, and leave its will. */
  subscribed: RuleSet | undefined = undefined
  will: RuleSet | undefined = undefined
}

export const asked: Slot<Asked> = new Slot(() => new Asked())

/** What a client may do by these rules: all, where it is the process itself. */
export function rightsOf(client: Client, rules: RuleSet): Rights {
  const state = asked.of(client)
  if (client.listener === PROCESS) {
    state.rights ??= new Rights(EVERYTHING, subjectOf(client))
    return state.rights
  }
  const { session } = client
  const known = state.rights
  if (known !== undefined && known.rules === rules) {
    const { user, clientId, groups } = known.subject
    if (groups === session.groups && user === session.identity && clientId === session.clientId) return known
  }
  const rights = new Rights(rules, subjectOf(client))
  state.rights = rights
  return rights
}
