import type { MiddlewareLike } from '@mqtt-stack/core'

/**
 * A middleware whose package is loaded when the stack starts: whoever does not use it does not load it, and a broker is
 * made without waiting. From then on it is the one that was made, in its place.
 */
export function lateMiddleware(name: string, make: () => Promise<MiddlewareLike>): MiddlewareLike {
  let made: MiddlewareLike | undefined
  let operator: object | undefined
  const shell: MiddlewareLike = {
    name,
    operatedBy(given) {
      operator = given
    },
    async start() {
      const { stack } = shell
      if (stack === undefined) return
      const one = await make()
      for (const [callback, rule] of Object.entries(one.defines ?? {})) stack.define(callback, rule)
      one.stack = stack
      if (operator !== undefined) one.operatedBy?.(operator)
      // As any other it is known before it starts: what it asks at once it may answer too.
      made = one
      stack.refresh()
      await one.start?.()
    },
    async stop() {
      await made?.stop?.()
    },
  }
  return new Proxy(shell, {
    get(target, key) {
      if (made === undefined || key === 'name' || key === 'start' || key === 'stop')
        return Reflect.get(target, key)
      const value: unknown = Reflect.get(made, key)
      // Its fields may be private: no handler may see the proxy as its owner.
      return typeof value === 'function' ? value.bind(made) : value
    },
  })
}
