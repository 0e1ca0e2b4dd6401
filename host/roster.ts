/**
 * Who takes part in something, in the order in which they came. Coming and leaving cost less than with a Set, which hashes its
 * members and is made anew with every few of them.
 */
export class Roster<T> {
  #first: Seat<T> | undefined
  #last: Seat<T> | undefined

  /** Adds a member, who leaves by the seat. */
  add(member: T): Seat<T> {
    const seat = new Seat(this, member)
    seat.before = this.#last
    if (this.#last === undefined) this.#first = seat
    else this.#last.after = seat
    this.#last = seat
    return seat
  }

  /** Takes out the first; undefined when nobody is left. */
  shift(): T | undefined {
    const seat = this.#first
    seat?.leave()
    return seat?.member
  }

  /** Those who are there now. */
  all(): T[] {
    const members: T[] = []
    for (let seat = this.#first; seat !== undefined; seat = seat.after) members.push(seat.member)
    return members
  }

  /** For seats alone. */
  remove({ before, after }: Seat<T>): void {
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
  }
}

export class Seat<T> {
  readonly member: T
  before: Seat<T> | undefined
  after: Seat<T> | undefined
  #roster: Roster<T> | undefined

  constructor(roster: Roster<T>, member: T) {
    this.#roster = roster
    this.member = member
  }

  /** Gives the place up. A second time nothing happens. */
  leave(): void {
    this.#roster?.remove(this)
    this.#roster = undefined
    // Who is remembered longer than others must not keep them.
    this.before = undefined
    this.after = undefined
  }
}
