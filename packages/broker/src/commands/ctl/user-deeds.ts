/** Users, where their providers have a list of them. No password stands on the command line. */
import { printable, StackError } from '@mqtt-stack/core'
import { askPassword } from '../ask-password.ts'
import type { Deed, Job } from './deed.ts'
import { deed } from './deed.ts'
import { findPage } from './find-page.ts'

interface User {
  readonly name: string
  readonly groups: readonly string[]
  readonly provider: string
}

interface UserPage {
  readonly items: readonly User[]
  readonly next?: string
}

interface Picture {
  readonly middlewares: readonly { readonly name: string; readonly answers: readonly string[] }[]
}

interface UserFlags {
  provider?: string
  groups?: string
}

type UserJob = Omit<Job, 'flags'> & { readonly flags: UserFlags }

const PROVIDER = {
  kind: 'string',
  optional: true,
  doc: 'the middleware that knows them, such as PasswordAuth; needed where several do',
} as const

const GROUPS = {
  kind: 'string',
  optional: true,
  doc: 'the groups that the user is in, separated by commas; "" for none',
} as const

export const USER_DEEDS: Readonly<Record<string, Deed>> = {
  users: deed<{ provider?: string; limit?: number }>({
    doc: 'list users',
    flags: {
      provider: PROVIDER,
      limit: { kind: 'number', default: 50, min: 1, max: 1_000, doc: 'the most that are listed' },
    },
    wants: { provider: 'name', limit: 'n' },
    run: async (job) => {
      const page = await job.admin.ask<UserPage>('GET', '/api/users', job.flags)
      job.say(page, () => {
        const rows = page.items.map((one) => ({ ...one, groups: one.groups.join(',') }))
        const more = page.next === undefined ? '' : 'there are more: raise --limit\n'
        return `${job.table(rows, ['name', 'groups', 'provider'])}${more}`
      })
    },
  }),
  'add-user': deed<UserFlags>({
    operands: ['USER'],
    doc: 'add a user: asks for the password, or takes it from stdin',
    flags: { provider: PROVIDER, groups: GROUPS },
    wants: { provider: 'name', groups: 'a,b' },
    run: async (job) => {
      const [name] = job.operands
      const [known] = await usersOf(job)
      if (known !== undefined)
        throw wrong(job, `"${name}" is there already: mqtt-stack ctl change-user changes it`)
      const provider = await writer(job)
      const password = await askPassword(job.command, name, job.io)
      await store(job, provider, { password })
    },
  }),
  'change-user': deed<UserFlags & { password?: boolean }>({
    operands: ['USER'],
    doc: 'change the password of a user, or its groups; its connections are closed',
    flags: {
      provider: PROVIDER,
      password: { kind: 'boolean', default: false, doc: 'ask for a new one, or take it from stdin' },
      groups: GROUPS,
    },
    wants: { provider: 'name', groups: 'a,b' },
    run: async (job) => {
      const { password: isAsked, groups } = job.flags
      if (!isAsked && groups === undefined) throw wrong(job, 'say what is to change: --password or --groups')
      const { provider } = await known(job)
      const password = isAsked ? await askPassword(job.command, job.operands[0], job.io) : undefined
      await store(job, provider, password === undefined ? {} : { password })
    },
  }),
  'remove-user': deed<{ provider?: string }>({
    operands: ['USER'],
    doc: 'remove a user; its connections are closed',
    flags: { provider: PROVIDER },
    wants: { provider: 'name' },
    run: async (job) => {
      const { provider, name } = await known(job)
      const said = await job.admin.ask<unknown>('DELETE', pathOf(provider, name))
      job.say(said ?? null, () => `${printable(name)} was removed\n`)
    },
  }),
}

async function store(job: UserJob, provider: string, secret: { readonly password?: string }): Promise<void> {
  const [name] = job.operands
  const { groups } = job.flags
  const body = { ...secret, ...(groups !== undefined && { groups: groups === '' ? [] : groups.split(',') }) }
  const said = await job.admin.ask<{ existed: boolean }>('PUT', pathOf(provider, name), {}, body)
  job.say(said, () => `${printable(name)} was ${said.existed ? 'changed' : 'added'}\n`)
}

/** All of that name. */
async function usersOf({ admin, operands: [name], flags: { provider } }: UserJob): Promise<readonly User[]> {
  const isMeant = (one: User): boolean => one.name === name
  // Those of one name are on one page.
  const page = await findPage<User, UserPage>(admin, '/api/users', { provider }, isMeant)
  return page.items.filter(isMeant)
}

/** @throws StackError `OPTION_INVALID` where there is none, or it is not clear which is meant. */
async function known(job: UserJob): Promise<User> {
  const [only, ...others] = await usersOf(job)
  if (only === undefined) throw wrong(job, `there is no user "${printable(job.operands[0])}"`)
  if (others.length === 0) return only
  throw several(
    job,
    [only, ...others].map(({ provider }) => provider),
  )
}

/** Who keeps a new user. */
async function writer(job: UserJob): Promise<string> {
  if (job.flags.provider !== undefined) return job.flags.provider
  const { middlewares } = await job.admin.ask<Picture>('GET', '/api/stack')
  const able = middlewares.filter(({ answers }) => answers.includes('storeUser')).map(({ name }) => name)
  const [only, ...others] = able
  if (only === undefined)
    throw wrong(job, 'nobody there can write users: auth: { password: { file: users } }')
  if (others.length === 0) return only
  throw several(job, able)
}

function several(job: UserJob, providers: readonly string[]): StackError {
  return wrong(job, `say by --provider which is meant: ${providers.map(printable).join(', ')}`)
}

function wrong({ command }: UserJob, what: string): StackError {
  return new StackError('OPTION_INVALID', `${command}: ${what}`)
}

function pathOf(provider: string, name: string): string {
  return `/api/users/${encodeURIComponent(provider)}/${encodeURIComponent(name)}`
}
