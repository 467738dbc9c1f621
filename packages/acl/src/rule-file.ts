/** The rules of options with their file: looked at, read again when it changes, and changed where somebody asks for it. */
import type { Context, FileWatch, RuleChange, RuleList, Stack } from '@mqtt-stack/core'
import { watchFile } from '@mqtt-stack/core'
import type { AclOptions } from './options.ts'
import { describeText } from './rule.ts'
import type { RuleSet } from './rule-set.ts'
import { MOSQUITTOS } from './rule-set.ts'
import { changedRules } from './rule-source.ts'
import type { Asked } from './write-rules.ts'
import { writeRules } from './write-rules.ts'

/** Whoever decides by the rules. */
export interface RuleOwner {
  readonly name: string
  readonly stack: Stack
  /** What the rules in force were made of. */
  readonly given: AclOptions
  readonly inForce: RuleSet
  /** Other rules, of the file as it is now, from then on. */
  take(rules: RuleSet): void
}

export class RuleFile {
  readonly #owner: RuleOwner
  #watch: FileWatch | undefined
  /** One change at a time. */
  #changing: Promise<unknown> = Promise.resolve()
  /** The version that was written here last: what the watch tells of it is known. */
  #written: string | undefined

  constructor(owner: RuleOwner) {
    this.#owner = owner
  }

  /** The file of the options that there are now is read again when it changes. */
  watch(): void {
    this.close()
    const { given, stack } = this.#owner
    const { file } = given
    if (file !== undefined) this.#watch = watchFile(file, (now) => this.#reload(file, now), stack.clock)
  }

  close(): void {
    this.#watch?.close()
    this.#watch = undefined
  }

  list({ after = 0, limit }: Context<'lookupRules'>): RuleList {
    const { name, given, inForce } = this.#owner
    const { version, rules } = inForce
    const readOnly = readOnlyOf(given, inForce)
    const own = given.rules?.length ?? 0
    const listed = rules.slice(after, after + limit).map((rule, i) => {
      const place = after + i + 1
      const writable = readOnly === undefined && place > own
      return { place, text: describeText(rule), source: rule.source, writable }
    })
    return { provider: name, version, count: rules.length, readOnly, rules: listed }
  }

  /** @throws StackError `OPTION_INVALID` or `FILE_INVALID`; nothing has changed then. */
  change(asked: Asked, store: RuleChange): Promise<void> {
    const change = async (): Promise<void> => {
      const { given, inForce, stack } = this.#owner
      const reason = readOnlyOf(given, inForce)
      if (reason !== undefined) {
        Object.assign(store, { outcome: 'read-only', reason, version: inForce.version })
        return
      }
      const made = await writeRules(given, inForce, asked, store)
      // Other options may have come meanwhile.
      if (made === undefined || this.#owner.given !== given) return
      this.#written = made.version
      this.#take(made, given.file as string, stack)
    }
    const changing = this.#changing.then(change)
    this.#changing = changing.catch(() => {})
    return changing
  }

  /** A file that cannot be used changes nothing; an empty one is most likely being written. */
  #reload(file: string, contents: Uint8Array | Error): void {
    const { given, inForce, stack } = this.#owner
    let made: RuleSet
    try {
      made = changedRules(given, file, contents)
    } catch (error) {
      stack.log.event('acl.failed', { cause: (error as Error).message })
      return
    }
    const isKnown = made.version === this.#written && made.version === inForce.version
    this.#written = undefined
    if (!isKnown) this.#take(made, file, stack)
  }

  #take(rules: RuleSet, file: string, { log }: Stack): void {
    log.event('acl.reloaded', { file })
    this.#owner.take(rules)
  }
}

/** Why no rule can be changed here, and what to do. */
function readOnlyOf({ file }: AclOptions, { undecided }: RuleSet): string | undefined {
  if (file === undefined)
    return 'these rules are of a configuration or of code: change them there, or have rules in a file of their own (option "file")'
  if (undecided === MOSQUITTOS)
    return `${file} is a file of Mosquitto, whose order has another meaning: change it with an editor, and it is read again`
  return undefined
}
