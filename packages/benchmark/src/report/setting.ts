import { cpus, totalmem } from 'node:os'
import type { Options } from '../options.ts'

/** When, where and how a row was measured; kept beside its figures. */
export interface Setting {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly node: string
  readonly machine: string
  readonly runs: number
  readonly seconds: number
  readonly warmup: number
  readonly pin: boolean
}

export function settingOf({ runs, seconds, warmup, pin }: Options): Setting {
  const date = new Date().toISOString().slice(0, 10)
  return { date, node: process.versions.node, machine: machine(), runs, seconds, warmup, pin }
}

/** System, cores and memory: no names, no paths. */
export function machine(): string {
  const [cpu] = cpus()
  const cores = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'})`
  return `${process.platform} ${process.arch}, ${cores}, ${Math.round(totalmem() / 2 ** 30)} GiB`
}
