import type { CallbackRule } from '../contract/index.ts'
import { HandlerChain } from './chain.ts'
import { EachChain } from './each-chain.ts'
import type { ChainHost } from './step.ts'

/** A chain that keeps to the rule of its callback. */
export function chainOf(name: string, host: ChainHost, rule: CallbackRule): HandlerChain {
  return rule.merge === 'each' ? new EachChain(name, host, rule) : new HandlerChain(name, host, rule)
}
