import type { Client, Session } from '@mqtt-stack/core'
import { plainAddress } from './address-range.ts'
import type { Names } from './level-template.ts'
import type { Rule } from './rule.ts'

/** Who asks, as rules see it. */
export interface Subject extends Names {
  /** Who authentication says it is; `undefined`: nobody. */
  readonly user: string | undefined
  readonly clientId: string
  /** `undefined`: nobody knows, for the client is away. */
  readonly groups: readonly string[] | undefined
  /** A client that is away has no address and no listener; what depends on them is asked when it is back. */
  readonly away: boolean
  readonly address: string | undefined
  readonly listener: string | undefined
}

/** A client that is connected. */
export function subjectOf({
  session,
  listener,
}: {
  session: Session
  listener: Client['listener']
}): Subject {
  const { identity, clientId, groups } = session
  const address = plainAddress(listener.remote)
  return { user: identity, clientId, groups, away: false, address, listener: listener.name }
}

/** Somebody of whom no more is known. */
export function awayOf(clientId: string, identity: string | undefined): Subject {
  return { user: identity, clientId, groups: undefined, away: true, address: undefined, listener: undefined }
}

/**
 * Whether all conditions of a rule are met that are about who asks. Of a client that is away some are not known: then it
 * meets what allows, and does not meet what denies, so that nothing is taken from it that it may have when it is back.
 */
export function meets(subject: Subject, rule: Rule): boolean {
  const { user, clientId, groups, address, listener, away } = subject
  if (rule.anonymous && user !== undefined) return false
  if (rule.users !== undefined && (user === undefined || !rule.users.has(user))) return false
  if (rule.clients !== undefined && !rule.clients.has(clientId)) return false
  if (rule.plainNames && (isWild(user ?? '') || isWild(clientId))) return false
  if (rule.groups !== undefined && !meetsGroups(rule.groups, groups, rule.allow)) return false
  if (rule.ranges === undefined && rule.listeners === undefined) return true
  if (away) return rule.allow
  if (rule.listeners !== undefined && (listener === undefined || !rule.listeners.has(listener))) return false
  return rule.ranges?.some((range) => address !== undefined && range.has(address)) ?? true
}

function meetsGroups(
  wanted: ReadonlySet<string>,
  groups: readonly string[] | undefined,
  unknown: boolean,
): boolean {
  return groups === undefined ? unknown : groups.some((group) => wanted.has(group))
}

function isWild(name: string): boolean {
  return /[+#]/.test(name)
}
