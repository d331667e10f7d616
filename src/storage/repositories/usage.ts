import type { ModelCall, TokenFactor, UsageReport, UsageSums } from "../../domain/usage.ts";
import { all, hot, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { UsageRows } from "../usage-port.ts";
import type { ModelCallRow } from "../usage-schema.ts";
import { settler } from "./budget-holds.ts";
import { callsCommit, type CallsQuery } from "./usage-calls.ts";
import { reportCommit, sumsOfCommit, type ReportQuery } from "./usage-report.ts";
import { fromCall, toCall } from "./usage-rows.ts";
import { sumsAdder } from "./usage-sums.ts";
import { foldThreadsCommit, sweepCommit } from "./usage-sweep.ts";

export class KyselyUsageRows implements UsageRows {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #insert: (row: ModelCallRow) => Commit<{ call_id: string }[]>;
  readonly #add: (calls: readonly ModelCall[]) => Commit<void>;
  readonly #settle: (calls: readonly ModelCall[]) => Commit<void>;
  readonly #ofRun: (p: { run_id: string }) => Commit<ModelCallRow[]>;

  constructor(commits: Commits, dialect: Dialect) {
    const { db } = dialect;
    this.#commits = commits;
    this.#dialect = dialect;
    this.#add = sumsAdder(dialect);
    this.#settle = settler(dialect);
    this.#insert = hot((row) => insertNew(dialect, [row]));
    this.#ofRun = hot((p) =>
      db
        .selectFrom("model_call")
        .selectAll()
        .where("run_id", "=", p.run_id)
        .orderBy("started_at")
        .orderBy("call_id"),
    );
  }

  record(calls: readonly ModelCall[]): Promise<void> {
    return this.#commits.write(() => this.#recordCommit(calls));
  }

  async ofRun(runId: string): Promise<ModelCall[]> {
    const rows = await this.#commits.read(this.#ofRun({ run_id: runId }));
    return rows.map(toCall);
  }

  ofRuns(runIds: readonly string[]): Promise<Map<string, UsageSums[]>> {
    return this.#commits.read(sumsOfCommit(this.#dialect, { table: "usage_run", ids: runIds }));
  }

  ofThreads(threadIds: readonly string[]): Promise<Map<string, UsageSums[]>> {
    return this.#commits.read(
      sumsOfCommit(this.#dialect, { table: "usage_thread", ids: threadIds }),
    );
  }

  report(query: ReportQuery): Promise<UsageReport> {
    return this.#commits.read(reportCommit(this.#dialect, query), "snapshot");
  }

  async calls(query: CallsQuery): Promise<ModelCall[]> {
    const rows = await this.#commits.read(callsCommit(this.#dialect, query));
    return rows.map(toCall);
  }

  sweep(before: number, limit: number): Promise<number> {
    return this.#commits.write(() => sweepCommit(this.#dialect, before, limit));
  }

  foldThreads(beforeDay: number, limit: number): Promise<number> {
    return this.#commits.write(() => foldThreadsCommit(this.#dialect, beforeDay, limit));
  }

  tokenFactors(): Promise<TokenFactor[]> {
    return this.#commits.read(all(this.#dialect.db.selectFrom("token_factor").selectAll()));
  }

  keepFactors(factors: readonly TokenFactor[]): Promise<void> {
    const inOrder = factors.toSorted((a, b) => (a.model < b.model ? -1 : 1));
    return this.#commits.write(() => this.#keepCommit(inOrder));
  }

  *#keepCommit(factors: readonly TokenFactor[]): Commit<void> {
    for (const factor of factors)
      yield* run(
        this.#dialect.db
          .insertInto("token_factor")
          .values(factor)
          .onConflict((conflict) => conflict.column("model").doUpdateSet(factor)),
      );
  }

  /** A call that is there already was counted then. */
  *#recordCommit(calls: readonly ModelCall[]): Commit<void> {
    const inserted = yield* this.#insertCommit(calls.map(fromCall));
    const ids = new Set(inserted.map(({ call_id }) => call_id));
    const added = calls.filter(({ call_id }) => ids.delete(call_id));
    yield* this.#add(added);
    yield* this.#settle(added);
  }

  *#insertCommit(rows: readonly ModelCallRow[]): Commit<{ call_id: string }[]> {
    if (this.#dialect.hasArrays && rows.length > 1)
      return yield* all(insertNew(this.#dialect, rows));
    const inserted: { call_id: string }[] = [];
    for (const row of rows) inserted.push(...(yield* this.#insert(row)));
    return inserted;
  }
}

const insertNew = ({ db }: Dialect, rows: readonly ModelCallRow[]) =>
  db
    .insertInto("model_call")
    .values(rows)
    .onConflict((conflict) => conflict.column("call_id").doNothing())
    .returning("call_id");
