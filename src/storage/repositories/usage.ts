import type { ModelCall } from "../../domain/usage.ts";
import { hot, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJsonOrNull, jsonOrNull } from "../json-column.ts";
import type { UsageRows } from "../ports.ts";
import type { ModelCallRow } from "../schema.ts";

// Only `fromCall` writes this column.
const toStatus = (text: string) => text as ModelCall["status"];

const toCall = (row: ModelCallRow): ModelCall => ({
  ...row,
  status: toStatus(row.status),
  estimated: row.estimated === 1,
  usage: fromJsonOrNull(row.usage),
});

const fromCall = (call: ModelCall): ModelCallRow => ({
  call_id: call.call_id,
  model_id: call.model_id,
  run_id: call.run_id,
  thread_id: call.thread_id,
  assistant_id: call.assistant_id,
  prompt_tokens: call.prompt_tokens,
  completion_tokens: call.completion_tokens,
  cached_tokens: call.cached_tokens,
  reasoning_tokens: call.reasoning_tokens,
  estimated: call.estimated ? 1 : 0,
  usage: jsonOrNull(call.usage),
  status: call.status,
  started_at: call.started_at,
  duration_ms: call.duration_ms,
});

export class KyselyUsageRows implements UsageRows {
  readonly #commits: Commits;
  readonly #insert: (row: ModelCallRow) => Commit<unknown>;
  readonly #ofRun: (p: { run_id: string }) => Commit<ModelCallRow[]>;

  constructor(commits: Commits, { db }: Dialect) {
    this.#commits = commits;
    this.#insert = hot((p) => db.insertInto("model_call").values(p));
    this.#ofRun = hot((p) =>
      db
        .selectFrom("model_call")
        .selectAll()
        .where("run_id", "=", p.run_id)
        .orderBy("started_at")
        .orderBy("call_id"),
    );
  }

  async record(call: ModelCall): Promise<void> {
    await this.#commits.write(() => this.#insert(fromCall(call)));
  }

  async ofRun(runId: string): Promise<ModelCall[]> {
    const rows = await this.#commits.read(this.#ofRun({ run_id: runId }));
    return rows.map(toCall);
  }
}
