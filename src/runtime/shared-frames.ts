import type { LiveEvent } from "../bus/port.ts";
import type { Frame } from "../context.ts";
import type { FrameMaker } from "./frame-maker.ts";
import { numbered } from "./frame-parts.ts";

/** How much is kept for those who come a little later: events, and characters of their frames. */
const MAX_EVENTS = 512;
const MAX_SIZE = 1024 * 1024;

interface Made {
  frames: Frame[] | Promise<Frame[]>;
  size: number;
}

const sizeOf = (frames: readonly Frame[]): number =>
  frames.reduce((sum, { data }) => sum + data.length, 0);

/** The frames of one run in one set of modes, made once for all who follow it. */
export class SharedFrames {
  /** Makes the same frames, from the first event on. */
  readonly newMaker: () => FrameMaker;
  readonly #maker: FrameMaker;
  readonly #made = new Map<number, Made>();
  #size = 0;
  /** The last event that the maker has had. */
  #seq = 0;
  readers = 0;

  constructor(newMaker: () => FrameMaker) {
    this.newMaker = newMaker;
    this.#maker = newMaker();
  }

  /** The frames of an event; undefined when others are too far ahead for it to be kept. Each reader asks for all in order. */
  of(event: LiveEvent): Frame[] | Promise<Frame[]> | undefined {
    if (event.seq <= this.#seq) return this.#made.get(event.seq)?.frames;
    this.#seq = event.seq;
    const parts = this.#maker.parts(event, false);
    return Array.isArray(parts)
      ? this.#keep(event.seq, numbered(parts, event.seq))
      : this.#await(
          event.seq,
          parts.then((made) => numbered(made, event.seq)),
        );
  }

  /** As `of` for a reader that has seen the event already: it gets nothing, and nothing is kept. */
  pass(event: LiveEvent): Frame[] | undefined {
    if (event.seq <= this.#seq) return undefined;
    this.#seq = event.seq;
    void this.#maker.parts(event, true);
    return [];
  }

  #await(seq: number, making: Promise<Frame[]>): Promise<Frame[]> {
    this.#made.set(seq, { frames: making, size: 0 });
    making.then(
      (frames) => this.#keep(seq, frames),
      // Who asked for it is told; others try by themselves.
      () => this.#made.delete(seq),
    );
    return making;
  }

  #keep(seq: number, frames: Frame[]): Frame[] {
    const size = sizeOf(frames);
    this.#made.set(seq, { frames, size });
    this.#size += size;
    for (const [oldest, made] of this.#made) {
      if (this.#made.size <= MAX_EVENTS && this.#size <= MAX_SIZE) break;
      this.#made.delete(oldest);
      this.#size -= made.size;
    }
    return frames;
  }
}
