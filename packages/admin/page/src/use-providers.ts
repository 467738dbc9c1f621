/** Which middlewares answer a callback: who can be asked to do something. */
import { useAsked } from './use-asked.ts'

interface Picture {
  readonly middlewares: readonly { readonly name: string; readonly answers: readonly string[] }[]
}

export function useProviders(): (callback: string) => readonly string[] {
  const { data } = useAsked<Picture>('/api/stack')
  return (callback) =>
    (data?.middlewares ?? []).filter(({ answers }) => answers.includes(callback)).map(({ name }) => name)
}
