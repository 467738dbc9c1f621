/** What the API answered, and when to ask again. */
import { useCallback, useEffect, useState } from 'preact/hooks'
import type { Query } from './api.ts'
import { useDesk } from './context.ts'

export interface Asked<T> {
  readonly data: T | undefined
  readonly error: string | undefined
  readonly again: () => void
}

/** @param every Asks again after so many ms; absent: only when something changes. */
export function useAsked<T>(path: string | undefined, query: Query = {}, every?: number): Asked<T> {
  const { api } = useDesk()
  const [data, setData] = useState<T | undefined>(undefined)
  const [error, setError] = useState<string | undefined>(undefined)
  const [round, setRound] = useState(0)
  const asked = JSON.stringify([path, query])
  useEffect(() => {
    if (path === undefined) return
    let isOver = false
    const ask = async (): Promise<void> => {
      try {
        const found = await api.get<T>(path, query)
        if (isOver) return
        setData(found)
        setError(undefined)
      } catch (failure) {
        if (!isOver) setError((failure as Error).message)
      }
    }
    void ask()
    const timer = every === undefined ? undefined : setInterval(() => void ask(), every)
    return () => {
      isOver = true
      clearInterval(timer)
    }
    // `asked` stands for path and query.
  }, [api, asked, every, round])
  const again = useCallback(() => setRound((one) => one + 1), [])
  return { data, error, again }
}
