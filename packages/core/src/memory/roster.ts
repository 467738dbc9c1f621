/** So many empty seats may stand among the taken ones, and as many as there are taken ones. */
const EMPTY_SEATS = 64

/** Those who are in a {@link Roster}. */
export interface Members<T extends object> extends Iterable<T> {
  readonly size: number
}

/**
 * A place in a {@link Roster}. What else is known of a member there stands in a class of yours that extends it: an object
 * between the two would grow old with the seat, and keep the member.
 */
export class Seat<T extends object> {
  /** `undefined` once it has left. */
  readonly member: T | undefined

  constructor(member: T) {
    this.member = member
  }
}

type Emptied = { member: undefined }
type Taken<T extends object, S extends Seat<T>> = S & { readonly member: T }

/**
 * Members that come and go, in the order in which they came: for connections, and all that lives as shortly.
 *
 * A Map or Set of V8 that is changed all the time is copied into a new table now and then, and the old table points to
 * the new one. Once one of them has grown old, each collection of young garbage keeps all later tables, and with them
 * whoever stood there: connections that ended were copied and kept until the whole heap was collected (measured: 1.7 KB of
 * each, and a third of the time of all collections). A seat that is left holds nobody.
 */
export class Roster<T extends object, S extends Seat<T> = Seat<T>> implements Members<T> {
  #seats: S[] = []
  /** Seats before this one are empty. */
  #first = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The seat of whoever came first of those who are there. */
  get first(): Taken<T, S> | undefined {
    this.#skipEmpty()
    return this.#seats[this.#first] as Taken<T, S> | undefined
  }

  /**
   * @param seat A new one, which is in no roster.
   * @returns The seat, which {@link delete} of this roster takes.
   */
  add(seat: S): S {
    this.#seats.push(seat)
    this.#size++
    return seat
  }

  /** Whether it was there: a seat that is left once more, or none at all, changes nothing. */
  delete(seat: S | undefined): boolean {
    if (seat?.member === undefined) return false
    ;(seat as Emptied).member = undefined
    this.#size--
    if (this.#seats.length - this.#size > this.#size + EMPTY_SEATS) this.#closeUp()
    return true
  }

  /** As {@link taken}, the members alone. */
  *[Symbol.iterator](): Generator<T, void, void> {
    for (const { member } of this.taken()) yield member
  }

  /** The seats that are taken. Who leaves meanwhile is passed over; who comes may be. */
  *taken(): Generator<Taken<T, S>, void, void> {
    this.#skipEmpty()
    const seats = this.#seats
    for (let at = this.#first; at < seats.length; at++) {
      const seat = seats[at]
      if (seat.member !== undefined) yield seat as Taken<T, S>
    }
  }

  #skipEmpty(): void {
    while (this.#first < this.#seats.length && this.#seats[this.#first].member === undefined) this.#first++
  }

  /** Into a list of its own: whoever goes through the old one finds in it all who stay. */
  #closeUp(): void {
    this.#seats = this.#seats.filter(({ member }) => member !== undefined)
    this.#first = 0
  }
}
