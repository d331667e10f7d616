import type { Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { CheckpointRow, Checkpoints, Part, StoredCheckpoint } from "../ports.ts";
import { checkpointReader, type CheckpointQuery } from "./checkpoint-reader.ts";
import {
  checkpointWriter,
  type NewParts,
  type NewWrites,
  type WriteKey,
} from "./checkpoint-writer.ts";
import { threadStateRemover } from "./remove-run.ts";

export class KyselyCheckpoints implements Checkpoints {
  readonly #commits: Commits;
  readonly #reader: ReturnType<typeof checkpointReader>;
  readonly #writer: ReturnType<typeof checkpointWriter>;
  readonly #removeThread: (threadId: string) => Commit<void>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#reader = checkpointReader(dialect);
    this.#writer = checkpointWriter(dialect);
    this.#removeThread = threadStateRemover(dialect);
  }

  put(row: CheckpointRow, input: NewParts = {}): Promise<void> {
    return this.#commits.write(() => this.#writer.put(row, input));
  }

  putWrites(key: WriteKey, input: NewWrites): Promise<void> {
    return this.#commits.write(() => this.#writer.putWrites(key, input));
  }

  get(key: {
    thread_id: string;
    checkpoint_ns: string;
    checkpoint_id?: string;
  }): Promise<StoredCheckpoint | undefined> {
    return this.#commits.read(() => this.#reader.get(key), "snapshot");
  }

  list(query: CheckpointQuery): Promise<StoredCheckpoint[]> {
    return this.#commits.read(() => this.#reader.list(query), "snapshot");
  }

  parts(threadId: string, partIds: readonly string[]): Promise<Part[]> {
    return this.#commits.read(() => this.#reader.parts(threadId, partIds));
  }

  isAnswerWaiting(key: { thread_id: string; run_id: string }): Promise<boolean> {
    return this.#commits.read(() => this.#reader.isAnswerWaiting(key));
  }

  deleteThread(threadId: string): Promise<void> {
    return this.#commits.write(() => this.#removeThread(threadId));
  }
}
