import { sql, type Selectable, type SqlBool } from "kysely";
import type { AccessFilter } from "../../domain/access-filter.ts";
import type { Feedback } from "../../domain/feedback.ts";
import type { PageOf } from "../../domain/page.ts";
import { accessCondition } from "../access-condition.ts";
import { first, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { FeedbackQuery, FeedbackRows, FeedbackTable } from "../feedback-port.ts";
import { fromJson } from "../json-column.ts";
import { pageOf } from "./page-rows.ts";

type Row = Selectable<FeedbackTable>;

export class KyselyFeedback implements FeedbackRows {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  put(feedback: Feedback): Promise<Feedback> {
    return this.#commits.write(() => this.#putCommit(feedback));
  }

  list(query: FeedbackQuery): Promise<PageOf<Feedback>> {
    return this.#commits.read(() => this.#listCommit(query));
  }

  *#putCommit(feedback: Feedback): Commit<Feedback> {
    const row = fromFeedback(feedback);
    const { feedback_id: _id, created_at: _at, ...change } = row;
    const kept = yield* first(
      this.#dialect.db
        .insertInto("feedback")
        .values(row)
        .onConflict((conflict) => conflict.column("feedback_id").doUpdateSet(change))
        .returningAll(),
    );
    return kept ? toFeedback(kept) : feedback;
  }

  *#listCommit({ access, limit, offset, ...fields }: FeedbackQuery): Commit<PageOf<Feedback>> {
    const { db } = this.#dialect;
    const is = (["run_id", "thread_id", "key"] as const).flatMap((name) => {
      const value = fields[name];
      return value === undefined ? [] : [sql<SqlBool>`${sql.ref(name)} = ${value}`];
    });
    const found = yield* pageOf<Row>(db, "feedback", {
      rows: db.selectFrom("feedback").selectAll(),
      conditions: [...is, ...this.#meets(access)],
      key: "feedback_id",
      page: { limit, offset, sort_by: "created_at", sort_order: "desc" },
    });
    return { rows: found.rows.map(toFeedback), total: found.total };
  }

  #meets(access: AccessFilter | undefined) {
    return access === undefined ? [] : [accessCondition(this.#dialect, access)];
  }
}

const toFeedback = (row: Row): Feedback => ({
  ...row,
  value: fromJson(row.value),
  correction: fromJson(row.correction),
  metadata: fromJson(row.metadata),
});

const fromFeedback = (feedback: Feedback): Row => ({
  ...feedback,
  value: JSON.stringify(feedback.value),
  correction: JSON.stringify(feedback.correction),
  metadata: JSON.stringify(feedback.metadata),
});
