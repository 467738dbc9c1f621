/** What is wrong with a configuration file, and where. */
import { StackError } from '@mqtt-stack/core'

/** One thing that is wrong. */
export interface Problem {
  /** `broker.yaml:4:3`: file, line and column, from 1 on. */
  readonly where: string
  readonly message: string
}

/** `CONFIG_INVALID`: all that is wrong with a file. Its message is the first problem, and how many there are besides. */
export class ConfigError extends StackError {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], cause?: unknown) {
    const [first, ...others] = problems
    const more = others.length === 0 ? '' : ` (and ${others.length} more: mqtt-stack check lists all)`
    super('CONFIG_INVALID', `${lineOf(first)}${more}`, { cause })
    this.problems = problems
  }
}

/** A problem as one line. */
export function lineOf({ where, message }: Problem): string {
  return `${where}: ${message}`
}
