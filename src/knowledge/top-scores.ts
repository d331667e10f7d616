/** Chunks and scores kept beyond those wanted, so that they are seldom sorted. */
const SLACK = 500;

/** A chunk among those of a search, the best first. */
export interface Scored {
  chunk_no: number;
  score: number;
}

const order = (a: Scored, b: Scored): number => b.score - a.score || a.chunk_no - b.chunk_no;

/** The best of any number of chunks; of equal ones the older. */
export class TopScores {
  readonly #count: number;
  #kept: Scored[] = [];
  #least = -Infinity;

  constructor(count: number) {
    this.#count = count;
  }

  add(chunk_no: number, score: number): void {
    if (score < this.#least) return;
    this.#kept.push({ chunk_no, score });
    if (this.#kept.length < this.#count + SLACK) return;
    this.#kept = this.list();
    this.#least = this.#kept.at(-1)?.score ?? -Infinity;
  }

  list(): Scored[] {
    return this.#kept.toSorted(order).slice(0, this.#count);
  }
}
