import type { RouteChange, RoutesFrame } from './frames.ts'

/** Routes in one frame: whoever applies it does so without a rest. */
export const PAGE = 1_000

/** What is to be done behind all the routes that are told. */
export type RoutesEnd = Pick<RoutesFrame, 'gone' | 'markers' | 'tag'>

const NOTHING: RoutesEnd = { gone: [], markers: [], tag: 0 }

/**
 * Routes of a node in one or more frames.
 * @param pages Of at most {@link PAGE} routes each; with none there is one frame without routes.
 * @param isSnapshot They are all that the node has.
 * @param end Stands in the last frame.
 */
export function* routesFrames(
  owner: string,
  version: number,
  isSnapshot: boolean,
  pages: Iterable<readonly RouteChange[]>,
  end: RoutesEnd,
): Iterable<RoutesFrame> {
  const all = pages[Symbol.iterator]()
  let page = all.next()
  for (let isFirst = true; ; isFirst = false) {
    const changes = page.done === true ? [] : page.value
    page = all.next()
    const isLast = page.done === true
    const part = isSnapshot ? partOf(isFirst, isLast) : 'change'
    yield { kind: 'routes', owner, version, part, changes, ...(isLast ? end : NOTHING) }
    if (isLast) return
  }
}

function partOf(isFirst: boolean, isLast: boolean): RoutesFrame['part'] {
  if (isLast) return isFirst ? 'only' : 'last'
  return isFirst ? 'first' : 'next'
}

/** Pages of a list. */
export function* pagesOf(changes: readonly RouteChange[]): Iterable<readonly RouteChange[]> {
  for (let i = 0; i < changes.length; i += PAGE)
    yield changes.length <= PAGE ? changes : changes.slice(i, i + PAGE)
}
