/** A database whose last page could not be written answers nothing any more; LMDB says so only where it is asked. */
import { Buffer } from 'node:buffer'
import type { Database } from './open-database.ts'

const ANY_KEY = Buffer.of(0)

/** Without it, a database that failed reads as if it were empty, and a write to it never ends. */
export function checkHealth(db: Database): void {
  db.doesExist(ANY_KEY)
}

export function isHealthy(db: Database): boolean {
  try {
    db.transactionSync(() => {})
    return true
  } catch {
    return false
  }
}

/** LMDB's own error stands behind that of the batch. */
export async function causeOf(error: Error & { commitError?: Promise<never> }): Promise<Error> {
  return error.commitError?.catch((cause: Error) => cause) ?? error
}
