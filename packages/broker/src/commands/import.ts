import type { Io } from './command.ts'

export async function importMosquitto(_args: readonly string[], _io: Io): Promise<number> {
  return 1
}
