import { setImmediate as nextTurn } from "node:timers/promises";

/** A checkpoint by its place and id. */
export interface CheckpointKey {
  thread_id: string;
  checkpoint_ns: string;
  checkpoint_id: string;
}

const textOf = ({ thread_id, checkpoint_ns, checkpoint_id }: CheckpointKey) =>
  `${checkpoint_id} ${thread_id} ${checkpoint_ns}`;

/** Which checkpoints a saver has stored, and which are on their way. */
export class StoredCheckpoints {
  readonly #stored = new Set<string>();
  readonly #underway = new Set<Promise<unknown>>();

  has(key: CheckpointKey): boolean {
    return this.#stored.has(textOf(key));
  }

  /** Takes note of a checkpoint while it is being stored. */
  async storing<T>(key: CheckpointKey, work: Promise<T>): Promise<T> {
    this.#underway.add(work);
    try {
      const result = await work;
      this.#stored.add(textOf(key));
      return result;
    } finally {
      this.#underway.delete(work);
    }
  }

  /** Resolves when a checkpoint is stored, or with false when nothing more is on its way. */
  async settled(key: CheckpointKey): Promise<boolean> {
    for (;;) {
      // LangGraph begins to store a checkpoint some microtasks after the one before it is stored.
      await nextTurn();
      if (this.has(key)) return true;
      if (this.#underway.size === 0) return false;
      await Promise.race([...this.#underway].map((work) => work.catch(() => undefined)));
    }
  }
}
