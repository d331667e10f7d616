import { sql, type Expression, type SqlBool } from "kysely";
import {
  type AccessFilter,
  keepOwnership,
  meets,
  withOwnership,
} from "../../domain/access-filter.ts";
import type {
  Assistant,
  AssistantFilter,
  AssistantSort,
  AssistantVersion,
} from "../../domain/assistant.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import { accessCondition } from "../access-condition.ts";
import { all, first, hot, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import type { Assistants } from "../ports.ts";
import type { AssistantRow } from "../schema.ts";
import { fromAssistant, toAssistant, toVersion, versionOf } from "./assistant-rows.ts";
import { countRows, pageOf } from "./page-rows.ts";

type Change<Method extends "patch" | "setLatest"> = Parameters<Assistants[Method]>[1];
type VersionQuery = Parameters<Assistants["versions"]>[1];

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

  count(filter: AssistantFilter): Promise<number> {
    const { db } = this.#dialect;
    return this.#commits.read(countRows(db, "assistant", this.#conditions(filter)));
  }

  create(assistant: Assistant): Promise<void> {
    return this.#commits.write(() => this.#createCommit(assistant));
  }

  patch(assistantId: string, change: Change<"patch">): Promise<Assistant | undefined> {
    return this.#commits.write(() => this.#patchCommit(assistantId, change));
  }

  setLatest(assistantId: string, change: Change<"setLatest">): Promise<Assistant | undefined> {
    return this.#commits.write(() => this.#latestCommit(assistantId, change));
  }

  versions(assistantId: string, query: VersionQuery): Promise<AssistantVersion[]> {
    return this.#commits.read(this.#versionsCommit(assistantId, query));
  }

  delete(assistantId: string, access?: AccessFilter): Promise<boolean> {
    return this.#commits.write(() => this.#deleteCommit(assistantId, access));
  }

  *#syncCommit(assistants: Assistant[]): Commit<void> {
    const { db } = this.#dialect;
    const wanted = assistants.map(({ assistant_id }) => assistant_id);
    const system = db.deleteFrom("assistant").where("is_system", "=", 1);
    yield* run(wanted.length === 0 ? system : system.where("assistant_id", "not in", wanted));
    yield* run(
      db
        .deleteFrom("assistant_version")
        .where("assistant_id", "not in", db.selectFrom("assistant").select("assistant_id")),
    );
    for (const assistant of assistants) {
      const { assistant_id: _id, created_at: _made, ...change } = fromAssistant(assistant, true);
      const { assistant_id: _of, version: _at, ...changeOfVersion } = versionOf(assistant);
      yield* run(
        db
          .insertInto("assistant")
          .values(fromAssistant(assistant, true))
          .onConflict((conflict) => conflict.column("assistant_id").doUpdateSet(change)),
      );
      yield* run(
        db
          .insertInto("assistant_version")
          .values(versionOf(assistant))
          .onConflict((conflict) =>
            conflict.columns(["assistant_id", "version"]).doUpdateSet(changeOfVersion),
          ),
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

  #conditions(filter: AssistantFilter): Expression<SqlBool>[] {
    const { jsonContains, textContains } = this.#dialect;
    const { access } = filter;
    const conditions: Expression<SqlBool>[] = [];
    if (filter.graph_id) conditions.push(sql<SqlBool>`graph_id = ${filter.graph_id}`);
    if (filter.graphs)
      conditions.push(
        filter.graphs.length === 0
          ? sql<SqlBool>`1 = 0`
          : sql<SqlBool>`graph_id in (${sql.join(filter.graphs)})`,
      );
    if (filter.name) conditions.push(textContains("name", filter.name));
    if (filter.metadata) conditions.push(jsonContains("metadata", filter.metadata));
    if (access)
      conditions.push(sql<SqlBool>`(is_system = 1 or ${accessCondition(this.#dialect, access)})`);
    return conditions;
  }

  *#searchCommit(filter: AssistantFilter, page: Page<AssistantSort>): Commit<PageOf<Assistant>> {
    const { db } = this.#dialect;
    const found = yield* pageOf<AssistantRow>(db, "assistant", {
      rows: db.selectFrom("assistant").selectAll(),
      conditions: this.#conditions(filter),
      key: "assistant_id",
      page,
    });
    return { rows: found.rows.map(toAssistant), total: found.total };
  }

  *#createCommit(assistant: Assistant): Commit<void> {
    const { db } = this.#dialect;
    yield* run(db.insertInto("assistant").values(fromAssistant(assistant, false)));
    yield* run(db.insertInto("assistant_version").values(versionOf(assistant)));
  }

  /** An assistant that may be changed; the row is held until the commit where rows can be. */
  *#heldCommit(assistantId: string, access?: AccessFilter): Commit<Assistant | undefined> {
    const row = yield* first(
      this.#dialect.db
        .selectFrom("assistant")
        .selectAll()
        .where("assistant_id", "=", assistantId)
        .where("is_system", "=", 0)
        .modifyEnd(this.#dialect.lockRows),
    );
    const assistant = row && toAssistant(row);
    return assistant && meets(assistant.metadata, access) ? assistant : undefined;
  }

  *#patchCommit(assistantId: string, change: Change<"patch">): Commit<Assistant | undefined> {
    const { now, access, metadata = {}, ...fields } = change;
    const before = yield* this.#heldCommit(assistantId, access);
    if (before === undefined) return undefined;
    const { db } = this.#dialect;
    const newest = yield* first(
      db
        .selectFrom("assistant_version")
        .select((eb) => eb.fn.max("version").as("version"))
        .where("assistant_id", "=", assistantId),
    );
    const after: Assistant = {
      ...before,
      ...fields,
      metadata: { ...before.metadata, ...keepOwnership(metadata, { ...before, access }) },
      version: (newest?.version ?? before.version) + 1,
      updated_at: now,
    };
    yield* run(db.insertInto("assistant_version").values(versionOf(after)));
    yield* this.#replaceCommit(after);
    return after;
  }

  *#latestCommit(assistantId: string, change: Change<"setLatest">): Commit<Assistant | undefined> {
    const before = yield* this.#heldCommit(assistantId, change.access);
    if (before === undefined) return undefined;
    const row = yield* first(
      this.#dialect.db
        .selectFrom("assistant_version")
        .selectAll()
        .where("assistant_id", "=", assistantId)
        .where("version", "=", change.version),
    );
    if (row === undefined) return undefined;
    const { created_at } = before;
    const version = toVersion(row);
    const metadata = withOwnership(version.metadata, { ...before, access: change.access });
    const after = { ...version, metadata, created_at, updated_at: change.now };
    yield* this.#replaceCommit(after);
    return after;
  }

  *#replaceCommit(assistant: Assistant): Commit<void> {
    const { assistant_id, ...fields } = fromAssistant(assistant, false);
    yield* run(
      this.#dialect.db
        .updateTable("assistant")
        .set(fields)
        .where("assistant_id", "=", assistant_id),
    );
  }

  *#versionsCommit(assistantId: string, query: VersionQuery): Commit<AssistantVersion[]> {
    const { db, jsonContains } = this.#dialect;
    const { limit, offset, metadata } = query;
    let rows = db
      .selectFrom("assistant_version")
      .selectAll()
      .where("assistant_id", "=", assistantId)
      .orderBy("version", "desc")
      .limit(limit)
      .offset(offset);
    if (metadata) rows = rows.where(jsonContains("metadata", metadata));
    return (yield* all(rows)).map(toVersion);
  }

  *#deleteCommit(assistantId: string, access?: AccessFilter): Commit<boolean> {
    const held = yield* this.#heldCommit(assistantId, access);
    if (held === undefined) return false;
    for (const table of ["assistant_version", "assistant"] as const)
      yield* run(this.#dialect.db.deleteFrom(table).where("assistant_id", "=", assistantId));
    return true;
  }
}
