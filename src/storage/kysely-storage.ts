import type { Clock } from "../core/clock.ts";
import { run, type Commit } from "./commit.ts";
import type { Commits, Driver } from "./driver.ts";
import type { Storage } from "./ports.ts";
import { KyselyApiKeys } from "./repositories/api-keys.ts";
import { KyselyAssistants } from "./repositories/assistants.ts";
import { KyselyCheckpoints } from "./repositories/checkpoints.ts";
import { KyselyCrons } from "./repositories/crons.ts";
import { KyselyEvents } from "./repositories/events.ts";
import { KyselyFeedback } from "./repositories/feedback.ts";
import { KyselyFiles } from "./repositories/files.ts";
import { KyselyIdempotencyKeys } from "./repositories/idempotency.ts";
import { KyselyItems } from "./repositories/items.ts";
import { KyselyKnowledge } from "./repositories/knowledge.ts";
import { KyselyPruning } from "./repositories/prune.ts";
import { KyselyRemovals } from "./repositories/removals.ts";
import { KyselyResponses } from "./repositories/responses.ts";
import { KyselyRuns } from "./repositories/runs.ts";
import { KyselyTasks } from "./repositories/tasks.ts";
import { KyselyThreads } from "./repositories/threads.ts";
import { KyselyBudgets } from "./repositories/budgets.ts";
import { KyselyUsageRows } from "./repositories/usage.ts";
import { KyselyWebhooks } from "./repositories/webhooks.ts";
import type { Schema } from "./schema.ts";

type Kinds = Parameters<Storage["truncate"]>[0];

const USAGE_TABLES = [
  "model_call",
  "usage_day",
  "usage_thread",
  "usage_run",
  "budget_spend",
  "budget_hold",
] as const;

const KNOWLEDGE_TABLES = [
  "knowledge_words",
  "knowledge_chunk",
  "knowledge_document",
  "knowledge_collection",
] as const;

const tablesOf = (kinds: Kinds): (keyof Schema)[] => [
  ...(kinds.runs
    ? (["run", "event", "webhook_delivery", "idempotency_key", "file", "task", "response"] as const)
    : []),
  ...(kinds.runs ? (["feedback", ...USAGE_TABLES] as const) : []),
  ...(kinds.threads ? (["thread", "cron"] as const) : []),
  ...(kinds.checkpointer
    ? (["checkpoint", "checkpoint_blob", "checkpoint_part", "checkpoint_write"] as const)
    : []),
  ...(kinds.store ? (["store_item", "store_vector", ...KNOWLEDGE_TABLES] as const) : []),
];

/** The repositories over one driver. */
export class KyselyStorage implements Storage {
  readonly clock: Clock | undefined;
  readonly assistants: KyselyAssistants;
  readonly threads: KyselyThreads;
  readonly runs: KyselyRuns;
  readonly events: KyselyEvents;
  readonly files: KyselyFiles;
  readonly feedback: KyselyFeedback;
  readonly checkpoints: KyselyCheckpoints;
  readonly usage: KyselyUsageRows;
  readonly budgets: KyselyBudgets;
  readonly crons: KyselyCrons;
  readonly webhooks: KyselyWebhooks;
  readonly idempotency: KyselyIdempotencyKeys;
  readonly pruning: KyselyPruning;
  readonly items: KyselyItems;
  readonly knowledge: KyselyKnowledge;
  readonly removals: KyselyRemovals;
  readonly apiKeys: KyselyApiKeys;
  readonly tasks: KyselyTasks;
  readonly responses: KyselyResponses;
  readonly #driver: Driver;

  constructor(driver: Driver) {
    const { dialect } = driver;
    this.#driver = driver;
    this.clock = driver.clock;
    this.assistants = new KyselyAssistants(driver, dialect);
    this.threads = new KyselyThreads(driver, dialect);
    this.runs = new KyselyRuns(driver, dialect);
    this.events = new KyselyEvents(driver, dialect);
    this.feedback = new KyselyFeedback(driver, dialect);
    this.files = new KyselyFiles(driver, dialect);
    this.checkpoints = new KyselyCheckpoints(driver, dialect);
    this.budgets = new KyselyBudgets(driver, dialect);
    this.usage = new KyselyUsageRows(driver, dialect);
    this.crons = new KyselyCrons(driver, dialect);
    this.webhooks = new KyselyWebhooks(driver, dialect);
    this.idempotency = new KyselyIdempotencyKeys(driver, dialect);
    this.pruning = new KyselyPruning(driver, dialect);
    this.items = new KyselyItems(driver, dialect);
    this.knowledge = new KyselyKnowledge(driver, dialect);
    this.removals = new KyselyRemovals(driver, dialect);
    this.apiKeys = new KyselyApiKeys(this.#forKeys(), dialect);
    this.tasks = new KyselyTasks(driver, dialect);
    this.responses = new KyselyResponses(driver, dialect);
  }

  truncate(kinds: Kinds): Promise<void> {
    return this.#driver.write(this.#truncateCommit(kinds));
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  /** What a key is given counts as a budget. */
  #forKeys(): Commits {
    return {
      read: (...args) => this.#driver.read(...args),
      write: (...args) => this.#driver.write(...args).finally(() => this.budgets.forget()),
    };
  }

  *#truncateCommit(kinds: Kinds): Commit<void> {
    const { db } = this.#driver.dialect;
    for (const table of tablesOf(kinds)) yield* run(db.deleteFrom(table));
    if (!kinds.assistants) return;
    const own = db.selectFrom("assistant").select("assistant_id").where("is_system", "=", 0);
    yield* run(db.deleteFrom("assistant_version").where("assistant_id", "in", own));
    yield* run(db.deleteFrom("assistant").where("is_system", "=", 0));
  }
}
