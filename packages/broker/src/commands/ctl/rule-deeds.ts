/** Access rules: who may do what, in the order in which they decide. */
import { printable, StackError } from '@mqtt-stack/core'
import type { Deed, Job } from './deed.ts'
import { deed } from './deed.ts'
import { findPage } from './find-page.ts'
import type { Row } from './table.ts'

interface Rule {
  readonly place: number
  readonly text: string
}

interface RulePage {
  readonly provider: string
  readonly version: string
  readonly readOnly?: string
  readonly items: readonly (Rule & Row)[]
  readonly next?: string
}

interface Change {
  readonly version: string
  readonly place?: number
}

interface RuleFlags {
  provider?: string
  version?: string
}

const PROVIDER = {
  kind: 'string',
  optional: true,
  doc: 'whose rules; without it those of the only one who has some',
} as const

const WRITE = {
  provider: PROVIDER,
  version: {
    kind: 'string',
    optional: true,
    doc: 'as rules tells: nothing is changed where they are others by now',
  },
} as const

type RuleJob = Omit<Job, 'flags'> & { readonly flags: RuleFlags }

export const RULE_DEEDS: Readonly<Record<string, Deed>> = {
  rules: deed<{ provider?: string; limit?: number }>({
    doc: 'list access rules in the order in which they decide',
    flags: {
      provider: PROVIDER,
      limit: { kind: 'number', default: 100, min: 1, max: 1_000, doc: 'the most that are listed' },
    },
    wants: { provider: 'name', limit: 'n' },
    run: async (job) => {
      const { limit } = job.flags
      const page = await job.admin.ask<RulePage>('GET', await pathOf(job), { limit })
      job.say(page, () => {
        const lines = [
          ...(page.next === undefined ? [] : ['there are more: raise --limit']),
          ...(page.readOnly === undefined ? [] : [`they can only be read: ${printable(page.readOnly)}`]),
          `version ${printable(page.version)}`,
        ]
        return `${job.table(page.items, ['place', 'text', 'writable', 'source'])}${lines.join('\n')}\n`
      })
    },
  }),
  'add-rule': deed<RuleFlags & { at?: string }>({
    operands: ['RULE'],
    doc: 'add an access rule, written as in a file of rules: "allow publish plant/# user alice"',
    flags: { ...WRITE, at: { kind: 'string', optional: true, doc: 'its place; without it the last one' } },
    wants: { provider: 'name', version: 'version', at: 'place' },
    run: async (job) => {
      const [text] = job.operands
      const { at } = job.flags
      const path = await pathOf(job)
      const { version } = await job.admin.ask<RulePage>('GET', path, { limit: 1 })
      const to = at === undefined ? {} : { to: numberOf(at) }
      const body = { version: job.flags.version ?? version, text, ...to }
      const said = await job.admin.ask<Change>('POST', path, {}, body)
      job.say(said, () => `rule ${said.place} is: ${printable(text)}\n`)
    },
  }),
  'change-rule': deed<RuleFlags>({
    operands: ['PLACE', 'RULE'],
    doc: 'put another access rule in the place of one',
    flags: WRITE,
    wants: { provider: 'name', version: 'version' },
    run: (job) => {
      const [, text] = job.operands
      const words = (was: string) => `was: ${was}\nis:  ${printable(text)}\n`
      return change(job, 'PUT', { text }, words)
    },
  }),
  'move-rule': deed<RuleFlags>({
    operands: ['PLACE', 'TO'],
    doc: 'move an access rule to another place',
    flags: WRITE,
    wants: { provider: 'name', version: 'version' },
    run: (job) => {
      const to = numberOf(job.operands[1])
      return change(job, 'PUT', { to }, (was) => `rule ${to} is: ${was}\n`)
    },
  }),
  'remove-rule': deed<RuleFlags>({
    operands: ['PLACE'],
    doc: 'remove an access rule',
    flags: WRITE,
    wants: { provider: 'name', version: 'version' },
    run: (job) => change(job, 'DELETE', undefined, (was) => `removed: ${was}\n`),
  }),
}

/** What is changed is the rule that stood there when it was looked up: the version says so to the broker. */
async function change(
  job: RuleJob,
  method: 'PUT' | 'DELETE',
  body: object | undefined,
  words: (was: string) => string,
): Promise<void> {
  const place = numberOf(job.operands[0])
  const path = await pathOf(job)
  const seen = await findPage<Rule, RulePage>(job.admin, path, {}, (one) => one.place === place)
  const version = job.flags.version ?? seen.version
  const was = seen.items.find((one) => one.place === place)?.text ?? ''
  const at = `${path}/${encodeURIComponent(place)}`
  const said =
    body === undefined
      ? await job.admin.ask<Change>(method, at, { version })
      : await job.admin.ask<Change>(method, at, {}, { ...body, version })
  job.say(said, () => words(printable(was)))
}

/** @throws StackError `OPTION_INVALID` where it is not clear whose rules are meant. */
async function pathOf({ command, admin, flags }: RuleJob): Promise<string> {
  const path = (provider: string): string => `/api/rules/${encodeURIComponent(provider)}`
  if (flags.provider !== undefined) return path(flags.provider)
  const lists = await admin.ask<{ provider: string }[]>('GET', '/api/rules')
  const [only, ...others] = lists.map(({ provider }) => provider)
  if (only === undefined)
    throw new StackError(
      'OPTION_INVALID',
      `${command}: nobody has access rules there: acl: { file: rules.txt }`,
    )
  if (others.length === 0) return path(only)
  const names = [only, ...others].map(printable).join(', ')
  throw new StackError('OPTION_INVALID', `${command}: say by --provider whose rules are meant: ${names}`)
}

/** What is no number is sent as it is: the broker says what it must be. */
function numberOf(text: string): number | string {
  return /^\d{1,15}$/.test(text) ? Number(text) : text
}
