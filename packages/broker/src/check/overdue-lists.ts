/** Revocation lists that were to be renewed. */
import { readPem } from '../listeners/pem.ts'
import { readRevocationLists } from '../listeners/revocation.ts'

/** A message for each; OpenSSL lets nobody in by an authority whose list is overdue. */
export function overdueLists(file: string, now: number): string[] {
  const lists = readRevocationLists(readPem({ file }))
  return lists.flatMap(({ until }) => {
    if (until === undefined || until > now) return []
    const due = new Date(until).toISOString()
    return [`a list in ${file} was to be renewed by ${due}: until it is, its authority’s clients are refused`]
  })
}
