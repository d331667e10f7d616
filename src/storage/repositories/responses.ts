import { type AccessFilter, meets } from "../../domain/access-filter.ts";
import type { StoredResponse } from "../../domain/response.ts";
import { all, first, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { ResponseRow, Responses } from "../response-port.ts";

export class KyselyResponses implements Responses {
  readonly #commits: Commits;
  readonly #dialect: Dialect;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
  }

  keep(response: StoredResponse): Promise<void> {
    const row = fromResponse(response);
    return this.#commits.write(() =>
      run(
        this.#dialect.db
          .insertInto("response")
          .values(row)
          .onConflict((conflict) => conflict.column("response_id").doUpdateSet(row)),
      ),
    );
  }

  find(responseId: string, access?: AccessFilter): Promise<StoredResponse | undefined> {
    return this.#commits.read(() => this.#findCommit(responseId, access));
  }

  async countOf(threadId: string): Promise<number> {
    const row = await this.#commits.read(() =>
      first(
        this.#dialect.db
          .selectFrom("response")
          .select(({ fn }) => fn.countAll().as("count"))
          .where("thread_id", "=", threadId),
      ),
    );
    return Number(row?.count ?? 0);
  }

  async followersOf(responseId: string): Promise<string[]> {
    const rows = await this.#commits.read(() =>
      all(
        this.#dialect.db
          .selectFrom("response")
          .select("response_id")
          .where("previous_id", "=", responseId),
      ),
    );
    return rows.map(({ response_id }) => response_id);
  }

  delete(responseId: string, access?: AccessFilter): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(responseId, access));
  }

  *#findCommit(responseId: string, access?: AccessFilter): Commit<StoredResponse | undefined> {
    const { db } = this.#dialect;
    const row = yield* first(
      db.selectFrom("response").selectAll().where("response_id", "=", responseId),
    );
    const found = row && toResponse(row);
    return found && meets(found.metadata, access) ? found : undefined;
  }

  *#deleteCommit(responseId: string, access?: AccessFilter): Commit<boolean> {
    if ((yield* this.#findCommit(responseId, access)) === undefined) return false;
    yield* run(this.#dialect.db.deleteFrom("response").where("response_id", "=", responseId));
    return true;
  }
}

const toResponse = (row: ResponseRow): StoredResponse => ({
  ...row,
  response: fromJson(row.response),
  input: fromJson(row.input),
  metadata: fromJson(row.metadata),
});

const fromResponse = (response: StoredResponse): ResponseRow => ({
  ...response,
  response: JSON.stringify(response.response),
  input: JSON.stringify(response.input),
  metadata: JSON.stringify(response.metadata),
});
