import { parseShare } from '../topics/index.ts'

/** A shared subscription: a copy for one of all who share the filter under this name. */
export interface Share {
  readonly group: string
  /** Topic filter, without `$share/` and the group's name. */
  readonly filter: string
}

/** The share that a filter asks for; `undefined` for an ordinary filter. */
export function shareOf(filter: string): Share | undefined {
  const share = parseShare(filter)
  return share === undefined || share.malformed ? undefined : { group: share.group, filter: share.filter }
}
