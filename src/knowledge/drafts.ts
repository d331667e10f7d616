import type { Clock } from "../core/clock.ts";
import { ConflictError } from "../core/errors.ts";
import { unitVector } from "../core/unit-vector.ts";
import type { Draft, KnowledgeRows, NewChunk, NewKept } from "../storage/knowledge-port.ts";
import { searchText } from "../store/words.ts";
import type { Chunk } from "./chunk.ts";
import type { Embed, OnProgress } from "./port.ts";
import { spaceOf } from "./space.ts";

/** Chunks that are embedded and then kept before the next ones are. */
const EMBEDDED = 200;
/** Chunks of one commit: a few milliseconds of work. */
const COMMITTED = 50;

type About = Omit<NewKept, "model" | "space">;

/** A document and its chunks, and who makes their vectors. */
interface Work {
  about: About;
  chunks: readonly Chunk[];
  embed: Embed;
  onProgress: OnProgress | undefined;
}

/**
 * Writes documents in small commits that nobody sees before the last one. What breaks off stays, and
 * the same document goes on from there the next time.
 */
export class Drafts {
  readonly #rows: KnowledgeRows;
  readonly #clock: Clock;
  /** Those that are being written in this process. */
  readonly #busy = new Set<number>();

  constructor(rows: KnowledgeRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /** Keeps a document in place of the one of the same source; answers the model of its vectors. */
  async write(work: Work): Promise<string> {
    const { about, chunks } = work;
    const held = new Set<number>();
    const hold = (number: number) => {
      held.add(number);
      this.#busy.add(number);
    };
    let draft = await this.#rows.resume(about, [...this.#busy], this.#clock.now());
    if (draft) hold(draft.document_no);
    try {
      while (draft === undefined || draft.done < chunks.length)
        draft = await this.#goOn({ ...work, hold }, draft);
      if (!(await this.#rows.publish(draft.document_no, this.#clock.now()))) throw overtaken(about);
      return draft.model;
    } finally {
      for (const number of held) this.#busy.delete(number);
    }
  }

  /** Embeds and keeps some chunks more; nothing where another model makes it begin anew. */
  async #goOn(
    work: Work & { hold: (number: number) => void },
    draft: Draft | undefined,
  ): Promise<Draft | undefined> {
    const { about, chunks, embed, onProgress, hold } = work;
    const from = draft?.done ?? 0;
    const part = chunks.slice(from, from + EMBEDDED);
    const { vectors, model } = await embed(part.map(textOf), "document");
    const space = spaceOf(model, vectors[0]?.length ?? 0);
    const now = this.#clock.now();
    if (draft !== undefined && draft.space !== space) {
      await this.#rows.discard(draft.document_no, now);
      return undefined;
    }
    const document_no =
      draft?.document_no ?? (await this.#rows.stage({ ...about, model, space }, now));
    hold(document_no);
    for (let at = 0; at < part.length; at += COMMITTED) {
      const kept = part.slice(at, at + COMMITTED).map((chunk, index): NewChunk => ({
        value: { chunk: from + at + index, ...chunk },
        words: searchText([about.source, chunk.heading ?? "", chunk.text]),
        vector: unitVector(vectors[at + index] ?? []),
      }));
      if (!(await this.#rows.addChunks(document_no, kept, now))) throw overtaken(about);
    }
    const done = from + part.length;
    onProgress?.(done, chunks.length);
    return { document_no, done, space, model };
  }
}

/** What a chunk is embedded by: the headings above it say what it is about. */
function textOf({ text, heading }: Chunk): string {
  return heading === undefined || heading === "" ? text : `${heading}\n${text}`;
}

const overtaken = ({ source }: About): ConflictError =>
  new ConflictError(`${source} was deleted, or is being ingested by another request: try again`);
