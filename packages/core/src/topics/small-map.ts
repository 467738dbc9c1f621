import { ChurnMap } from './churn-map.ts'

/**
 * A map from strings to objects that takes a Map's memory (some 200 bytes empty) only from two entries on: most
 * filters have one subscriber, and most levels one level below them.
 */
export class SmallMap<V extends object> {
  #key = ''
  #only: V | undefined
  #map: ChurnMap<V> | undefined

  get size(): number {
    if (this.#map !== undefined) return this.#map.size
    return this.#only === undefined ? 0 : 1
  }

  get(key: string): V | undefined {
    if (this.#map !== undefined) return this.#map.get(key)
    return this.#key === key ? this.#only : undefined
  }

  set(key: string, value: V): void {
    if (this.#map !== undefined) {
      this.#map.set(key, value)
    } else if (this.#only === undefined || this.#key === key) {
      this.#key = key
      this.#only = value
    } else {
      this.#map = new ChurnMap()
      this.#map.set(this.#key, this.#only)
      this.#map.set(key, value)
      this.#key = ''
      this.#only = undefined
    }
  }

  delete(key: string): boolean {
    if (this.#map !== undefined) {
      const existed = this.#map.delete(key)
      if (this.#map.size === 0) this.#map = undefined
      return existed
    }
    if (this.#only === undefined || this.#key !== key) return false
    this.#key = ''
    this.#only = undefined
    return true
  }

  /** Appends the values to `out`. */
  pushInto(out: V[]): void {
    if (this.#map !== undefined) this.#map.pushInto(out)
    else if (this.#only !== undefined) out.push(this.#only)
  }
}
