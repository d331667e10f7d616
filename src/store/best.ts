interface Ranked {
  item_id: string;
  score: number;
  updated_at: number;
}

const SLACK = 1000;

const order = (a: Ranked, b: Ranked): number =>
  b.score - a.score || b.updated_at - a.updated_at || (a.item_id < b.item_id ? 1 : -1);

/** The best of any number of candidates; of equal ones those that changed last. */
export class Best {
  readonly #count: number;
  #kept: Ranked[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  add(candidate: Ranked): void {
    this.#kept.push(candidate);
    if (this.#kept.length >= this.#count + SLACK) this.#kept = this.list();
  }

  list(): Ranked[] {
    return this.#kept.toSorted(order).slice(0, this.#count);
  }
}
