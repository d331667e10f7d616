import { run, type Commit } from "./commit.ts";
import type { Driver } from "./driver.ts";
import type { Storage } from "./ports.ts";
import { KyselyAssistants } from "./repositories/assistants.ts";
import { KyselyCheckpoints } from "./repositories/checkpoints.ts";
import { KyselyEvents } from "./repositories/events.ts";
import { KyselyRuns } from "./repositories/runs.ts";
import { KyselyThreads } from "./repositories/threads.ts";
import { KyselyUsageRows } from "./repositories/usage.ts";
import type { Schema } from "./schema.ts";

type Kinds = Parameters<Storage["truncate"]>[0];

const tablesOf = (kinds: Kinds): (keyof Schema)[] => [
  ...(kinds.runs ? (["run", "event", "model_call"] as const) : []),
  ...(kinds.threads ? (["thread"] as const) : []),
  ...(kinds.checkpointer ? (["checkpoint", "checkpoint_blob", "checkpoint_write"] as const) : []),
];

/** The repositories over one driver. */
export class KyselyStorage implements Storage {
  readonly assistants: KyselyAssistants;
  readonly threads: KyselyThreads;
  readonly runs: KyselyRuns;
  readonly events: KyselyEvents;
  readonly checkpoints: KyselyCheckpoints;
  readonly usage: KyselyUsageRows;
  readonly #driver: Driver;

  constructor(driver: Driver) {
    const { dialect } = driver;
    this.#driver = driver;
    this.assistants = new KyselyAssistants(driver, dialect);
    this.threads = new KyselyThreads(driver, dialect);
    this.runs = new KyselyRuns(driver, dialect);
    this.events = new KyselyEvents(driver, dialect);
    this.checkpoints = new KyselyCheckpoints(driver, dialect);
    this.usage = new KyselyUsageRows(driver, dialect);
  }

  truncate(kinds: Kinds): Promise<void> {
    return this.#driver.write(this.#truncateCommit(kinds));
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  *#truncateCommit(kinds: Kinds): Commit<void> {
    const { db } = this.#driver.dialect;
    for (const table of tablesOf(kinds)) yield* run(db.deleteFrom(table));
    if (kinds.assistants) yield* run(db.deleteFrom("assistant").where("is_system", "=", 0));
  }
}
