import type { LiveEvent } from "../bus/port.ts";
import type { Frame } from "../context.ts";
import type { FrameMaker } from "./frame-maker.ts";
import { numbered } from "./frame-parts.ts";
import type { SharedFrames } from "./shared-frames.ts";

/**
 * Where one reader of a run is: it is given what others have too, or makes it by itself while they are far
 * ahead. One that began again stays alone, or it would fall behind again and again.
 */
export class FrameReader {
  readonly #shared: SharedFrames | undefined;
  readonly #seen: { seq: number; part: number | undefined };
  /** Makes the frames of events that are no longer shared, as long as it has had all before them. */
  readonly #own: FrameMaker;
  #isOwnWhole = true;
  #next = 1;
  /** The last id it has had. */
  after: string | undefined;

  constructor(
    frames: SharedFrames,
    { after, isAlone }: { after: string | undefined; isAlone: boolean },
  ) {
    this.#shared = isAlone ? undefined : frames;
    this.#seen = parseId(after);
    this.#own = frames.newMaker();
    this.after = after;
  }

  /** The frames of the event that is next; undefined when it has to begin again. */
  async take(event: LiveEvent): Promise<Frame[] | undefined> {
    const { seq } = event;
    const seen = this.#seen;
    const isSeen = seq < seen.seq || (seq === seen.seq && seen.part === undefined);
    const made = isSeen ? this.#shared?.pass(event) : await this.#shared?.of(event);
    if (made === undefined && !this.#isOwnWhole) return undefined;
    if (made) this.#isOwnWhole = false;
    const gap = this.#gapBefore(seq);
    const frames = made ?? numbered(await this.#own.parts(event, isSeen), seq);
    if (isSeen) return gap;
    this.after = String(seq);
    if (seq === seen.seq) return [...gap, ...frames.slice((seen.part ?? -1) + 1)];
    return gap.length === 0 ? frames : [...gap, ...frames];
  }

  /** Says that events before this one are no longer kept, instead of leaving them out silently. */
  #gapBefore(seq: number): Frame[] {
    const isGap = seq > this.#next && this.#next > this.#seen.seq;
    this.#next = seq + 1;
    return isGap ? [expired(seq - 1)] : [];
  }
}

const expired = (seq: number): Frame => ({
  id: String(seq),
  event: "error",
  data: JSON.stringify({
    error: "EventsExpired",
    message: "Earlier events of this run are no longer kept",
  }),
});

/** "12" is all of event 12, "12.0" only the first of the frames it makes. */
function parseId(id: string | undefined): { seq: number; part: number | undefined } {
  const match = /^(?<seq>\d+)(?:\.(?<part>\d+))?$/.exec(id ?? "");
  const { seq, part } = match?.groups ?? {};
  return { seq: Number(seq ?? 0), part: part === undefined ? undefined : Number(part) };
}
