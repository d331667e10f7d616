import { sql, type Expression, type SqlBool } from "kysely";
import { type AccessFilter, meets } from "../../domain/access-filter.ts";
import type { Assistant, AssistantFilter, AssistantSort } from "../../domain/assistant.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import { accessCondition } from "../access-condition.ts";
import { hot, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { Assistants } from "../ports.ts";
import type { AssistantRow } from "../schema.ts";
import { pageOf } from "./page-rows.ts";

const toAssistant = (row: AssistantRow): Assistant => ({
  assistant_id: row.assistant_id,
  graph_id: row.graph_id,
  name: row.name,
  description: row.description,
  config: fromJson(row.config),
  context: fromJson(row.context),
  metadata: fromJson(row.metadata),
  version: row.version,
  created_at: row.created_at,
  updated_at: row.updated_at,
});

const fromSystemAssistant = (assistant: Assistant): AssistantRow => ({
  assistant_id: assistant.assistant_id,
  graph_id: assistant.graph_id,
  name: assistant.name,
  description: assistant.description,
  config: JSON.stringify(assistant.config),
  context: JSON.stringify(assistant.context),
  metadata: JSON.stringify(assistant.metadata),
  version: assistant.version,
  is_system: 1,
  created_at: assistant.created_at,
  updated_at: assistant.updated_at,
});

export class KyselyAssistants implements Assistants {
  readonly #commits: Commits;
  readonly #dialect: Dialect;
  readonly #select: (p: { assistant_id: string }) => Commit<AssistantRow[]>;

  constructor(commits: Commits, dialect: Dialect) {
    this.#commits = commits;
    this.#dialect = dialect;
    this.#select = hot((p) =>
      dialect.db.selectFrom("assistant").selectAll().where("assistant_id", "=", p.assistant_id),
    );
  }

  syncSystem(assistants: Assistant[]): Promise<void> {
    return this.#commits.write(() => this.#syncCommit(assistants));
  }

  find(assistantId: string, access?: AccessFilter): Promise<Assistant | undefined> {
    return this.#commits.read(this.#findCommit(assistantId, access));
  }

  search(filter: AssistantFilter, page: Page<AssistantSort>): Promise<PageOf<Assistant>> {
    return this.#commits.read(this.#searchCommit(filter, page));
  }

  *#syncCommit(assistants: Assistant[]): Commit<void> {
    const { db } = this.#dialect;
    const wanted = assistants.map(({ assistant_id }) => assistant_id);
    const system = db.deleteFrom("assistant").where("is_system", "=", 1);
    yield* run(wanted.length === 0 ? system : system.where("assistant_id", "not in", wanted));
    for (const assistant of assistants) {
      const row = fromSystemAssistant(assistant);
      const { assistant_id: _id, created_at: _created, ...change } = row;
      yield* run(
        db
          .insertInto("assistant")
          .values(row)
          .onConflict((conflict) => conflict.column("assistant_id").doUpdateSet(change)),
      );
    }
  }

  *#findCommit(assistant_id: string, access?: AccessFilter): Commit<Assistant | undefined> {
    const [row] = yield* this.#select({ assistant_id });
    const assistant = row && toAssistant(row);
    return assistant && (row.is_system === 1 || meets(assistant.metadata, access))
      ? assistant
      : undefined;
  }

  *#searchCommit(filter: AssistantFilter, page: Page<AssistantSort>): Commit<PageOf<Assistant>> {
    const { db, jsonContains, textContains } = this.#dialect;
    const { access } = filter;
    const conditions: Expression<SqlBool>[] = [];
    if (filter.graph_id) conditions.push(sql<SqlBool>`graph_id = ${filter.graph_id}`);
    if (filter.name) conditions.push(textContains("name", filter.name));
    if (filter.metadata) conditions.push(jsonContains("metadata", filter.metadata));
    if (access)
      conditions.push(sql<SqlBool>`(is_system = 1 or ${accessCondition(this.#dialect, access)})`);
    const rows = db.selectFrom("assistant").selectAll();
    const found = yield* pageOf<AssistantRow>(db, "assistant", {
      rows,
      conditions,
      key: "assistant_id",
      page,
    });
    return { rows: found.rows.map(toAssistant), total: found.total };
  }
}
