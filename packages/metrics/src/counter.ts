/** Counts by labels, of a bounded number. */
import type { MetricFamily, MetricType } from '@mqtt-stack/core'

/** Series of one family; what is more is counted together. */
const SERIES = 500
const OTHER = 'other'

/** One series: what all that have its labels share. */
export interface Cell {
  readonly labels: Readonly<Record<string, string>>
  value: number
}

/** A family that is counted here: `counter.add([...values of the labels])`. */
export class Counter<Label extends string = string> {
  readonly #name: string
  readonly #help: string
  readonly #type: MetricType
  readonly #labels: readonly Label[]
  readonly #most: number
  readonly #cells = new Map<string, Cell>()

  /** @param most How many series there may be besides `other`. */
  constructor(
    name: string,
    help: string,
    labels: readonly Label[],
    type: MetricType = 'counter',
    most: number = SERIES,
  ) {
    this.#name = name
    this.#help = help
    this.#labels = labels
    this.#type = type
    this.#most = most
  }

  add(values: readonly string[], by: number = 1): void {
    this.cell(values).value += by
  }

  /** The series of these labels; that of `other` where there are too many. */
  cell(values: readonly string[]): Cell {
    const key = values.join('\n')
    return this.#cells.get(key) ?? this.#make(key, values)
  }

  #make(key: string, values: readonly string[]): Cell {
    if (this.#cells.size >= this.#most) {
      const others = this.#labels.map(() => OTHER)
      const known = this.#cells.get(others.join('\n'))
      if (known !== undefined) return known
      return this.#keep(others.join('\n'), others)
    }
    return this.#keep(key, values)
  }

  #keep(key: string, values: readonly string[]): Cell {
    const labels = Object.fromEntries(this.#labels.map((label, i) => [label, values[i]]))
    const cell = { labels, value: 0 }
    this.#cells.set(key, cell)
    return cell
  }

  get total(): number {
    let sum = 0
    for (const { value } of this.#cells.values()) sum += value
    return sum
  }

  family(): MetricFamily {
    const samples = [...this.#cells.values()].map(({ labels, value }) => ({ labels, value }))
    return { name: this.#name, type: this.#type, help: this.#help, samples }
  }
}
