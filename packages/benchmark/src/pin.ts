import type { Command } from './brokers/broker.ts'

export const BROKER_CORE = 0
export const LOAD_CORE = 1

/** The same command, kept on one core when asked for: then a broker's helper threads share its core. */
export function pinned({ file, args }: Command, core: number, pin: boolean): Command {
  return pin ? { file: 'taskset', args: ['-c', String(core), file, ...args] } : { file, args }
}
