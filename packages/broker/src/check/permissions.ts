/** What those who are connected may do, listener by listener. */
import type { MiddlewareLike } from '@mqtt-stack/core'
import type { ConfigValue } from '../config/config-value.ts'
import type { Exposure } from './exposure.ts'
import type { ReadRule } from './read-rule.ts'

/**
 * A line each. Of several who have a say each must allow it: what the second says is `of it`.
 * @param own The middlewares of `use`.
 */
export function whatTheyMay(
  value: ConfigValue,
  rules: readonly ReadRule[],
  exposure: Exposure,
  own: readonly MiddlewareLike[] = [],
): string[] {
  if (value.authorize === false) return ['everything (authorize: false)']
  if (!isRuled(value, own)) return ['everything']
  const { auth: { http, jwt } = {}, acl } = value
  const tokens = exposure.providers.includes('jwt') ? jwt?.rightsClaim : undefined
  const others = [
    ...(http?.authorize === undefined ? [] : [`what ${http.authorize} allows`]),
    ...own.filter(saysWhatTheyMay).map(({ name }) => `what ${name} allows`),
    ...(tokens === undefined ? [] : [`what their token allows (claim ${tokens})`]),
  ]
  const lines = rules.filter((rule) => concerns(rule, exposure)).map(wordsOf)
  if (acl !== undefined) return [...lines, 'nothing else', ...others.map(ofIt)]
  const [first = 'nothing', ...more] = others
  return [first, ...more.map(ofIt)]
}

/** Somebody says what clients may do; otherwise they may do everything. */
export function isRuled(
  { auth: { http, jwt } = {}, acl, authorize }: ConfigValue,
  own: readonly MiddlewareLike[],
): boolean {
  if (authorize === false) return false
  const bySection = acl !== undefined || http?.authorize !== undefined || jwt?.rightsClaim !== undefined
  return bySection || own.some(saysWhatTheyMay)
}

/** Whether a rule can be about somebody who comes by a listener. */
export function concerns({ listeners, anonymous, users, groups }: ReadRule, exposure: Exposure): boolean {
  if (anonymous && exposure.anonymous === false) return false
  // Where nobody is asked for names, nobody has one, nor is in a group.
  const isForNames = users !== undefined || groups !== undefined
  if (isForNames && exposure.providers.length + exposure.others.length === 0) return false
  return listeners === undefined || (exposure.name !== undefined && listeners.has(exposure.name))
}

const saysWhatTheyMay = (one: MiddlewareLike): boolean => one.authorizePacket !== undefined

/** Tokens are no say about clients that came without one. */
function ofIt(line: string): string {
  return line.startsWith('what their token') ? `of it, for whoever has a token, ${line}` : `of it, ${line}`
}

function wordsOf({ allow, actions, topics, conditions }: ReadRule): string {
  const topic = topics.map(({ text }) => text).join(' ')
  return `${allow ? 'allow' : 'deny'} ${actions.join(',')} ${topic}${conditions}`
}
