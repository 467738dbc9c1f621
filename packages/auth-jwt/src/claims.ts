/** What the claims of a token say about its client. */
import { ReasonCode } from '@mqtt-stack/core'
import type { JWTPayload } from 'jose'
import type { Rights } from './rights.ts'
import { readRights } from './rights.ts'
import type { Verdict } from './verdict.ts'
import { refused } from './verdict.ts'

/** Which claims are looked at; see the options. */
export interface ClaimNames {
  readonly usernameClaim: string
  readonly clientIdClaim: string | undefined
  readonly groupsClaim: string | undefined
  readonly rightsClaim: string | undefined
}

/** A client that its token lets in. */
export interface Admission {
  readonly identity: string
  readonly groups: readonly string[]
  /** None: access rules alone say what it may do. */
  readonly rights: Rights | undefined
  /** When the token is over, in seconds since 1970; none: never. */
  readonly expiry: number | undefined
}

/** Control characters and halves of surrogate pairs: no string of MQTT has them. */
const UNUSABLE = /[\p{Cc}\p{Cs}]/u
/** The longest string of MQTT, in bytes. */
const LONGEST = 65_535

/** Whether a client of this identifier is let in with these claims, whose signature is right. */
export function readClaims(claims: JWTPayload, clientId: string, names: ClaimNames): Verdict {
  const { usernameClaim, clientIdClaim, groupsClaim, rightsClaim } = names
  const identity = claimOf(claims, usernameClaim)
  if (!isName(identity)) return refused(`the token has no claim "${usernameClaim}" that can be a user name`)
  if (clientIdClaim !== undefined && claimOf(claims, clientIdClaim) !== clientId) {
    const reason = `the client identifier is not that of the token (claim "${clientIdClaim}")`
    return refused(reason, ReasonCode.CLIENT_IDENTIFIER_NOT_VALID)
  }
  const groups = groupsClaim === undefined ? [] : (claimOf(claims, groupsClaim) ?? [])
  if (!Array.isArray(groups) || !groups.every(isName))
    return refused(`the claim "${groupsClaim}" of the token is no list of groups`)
  const claimed = rightsClaim === undefined ? undefined : claimOf(claims, rightsClaim)
  const rights = claimed === undefined ? undefined : readRights(claimed, { username: identity, clientId })
  if (claimed !== undefined && rights === undefined) {
    return refused(
      `the claim "${rightsClaim}" of the token is not { "publish": […], "subscribe": […] } with topic filters`,
    )
  }
  return { outcome: 'admitted', admission: { identity, groups, rights, expiry: claims.exp } }
}

/** A claim by its name or, where there is none of that name, by the way to it: `realm_access.roles`. */
function claimOf(claims: JWTPayload, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  let value: unknown = claims
  for (const member of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, member)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[member]
  }
  return value
}

function isName(value: unknown): value is string {
  return (
    typeof value === 'string' && value !== '' && !UNUSABLE.test(value) && Buffer.byteLength(value) <= LONGEST
  )
}
