import type { CallbackRule } from '../contract/index.ts'
import { HandlerChain } from './chain.ts'
import { EachChain } from './each-chain.ts'
import { QuestionChain } from './question-chain.ts'
import type { ChainHost } from './step.ts'

/** A chain that keeps to the rule of its callback. */
export function chainOf(name: string, host: ChainHost, rule: CallbackRule): HandlerChain {
  if (rule.merge === 'each') return new EachChain(name, host, rule)
  const isLookedAt = rule.check !== undefined || rule.unanswered !== undefined
  return isLookedAt ? new QuestionChain(name, host, rule) : new HandlerChain(name, host, rule)
}
