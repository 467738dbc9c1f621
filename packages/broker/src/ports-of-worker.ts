import { workerIndex } from './workers.ts'

/** As admin has it. */
const USUAL = '127.0.0.1:18080'

/** Each worker is a node, with listeners for operators of its own: their ports follow each other. */
export function portsOfWorker(options: object, index: number | undefined = workerIndex): object {
  if (index === undefined || index === 1) return options
  const { listen = USUAL, open } = options as { readonly listen?: unknown; readonly open?: unknown }
  const moved = (place: unknown): unknown =>
    typeof place === 'string' ? place.replace(/[1-9]\d*$/, (port) => `${Number(port) + index - 1}`) : place
  return { ...options, listen: moved(listen), ...(open !== undefined && { open: moved(open) }) }
}
