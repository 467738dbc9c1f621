/** The stack as a picture: who stands where, who answers what, and what became of it. */
import type { HandlerActivity, MiddlewareLike, Stack } from '@mqtt-stack/core'
import { CALLBACKS, withoutSecrets } from '@mqtt-stack/core'

/** One middleware in its place. */
export interface PictureMiddleware {
  readonly name: string
  /** Packets that it sees; absent: none, or all where `all` says so. */
  readonly handles: readonly string[]
  readonly answers: readonly string[]
  readonly executes: readonly string[]
  /** Its callbacks come behind those of all others. */
  readonly last: boolean
  readonly options: unknown
}

export interface Picture {
  readonly middlewares: readonly PictureMiddleware[]
  readonly activity: readonly HandlerActivity[]
}

export function picture(stack: Stack): Picture {
  // The stack's own callbacks, and those that middlewares define.
  const own = stack.middlewares.flatMap(({ defines = {} }) => Object.keys(defines))
  const names = [...Object.keys(CALLBACKS), ...own]
  const middlewares = stack.middlewares.map((one) => stateOf(one, names))
  return { middlewares, activity: stack.observation.activity() }
}

function stateOf(middleware: MiddlewareLike, names: readonly string[]): PictureMiddleware {
  const { name, handle, handles, requires = [], uses = [], last = false } = middleware
  const members = middleware as unknown as Readonly<Record<string, unknown>>
  const { config, table } = members
  return {
    name,
    handles: handle === undefined ? [] : (handles ?? ['every packet']),
    answers: [...new Set(names)].filter((one) => typeof members[one] === 'function'),
    executes: [...new Set<string>([...requires, ...uses])],
    last,
    options: withoutSecrets(config, table),
  }
}
