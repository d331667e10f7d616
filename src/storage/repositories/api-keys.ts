import type { ApiKey, KeyDigest, KeyLimits } from "../../domain/api-key.ts";
import { all, first, hot, run, type Commit } from "../commit.ts";
import type { Commits, Dialect } from "../driver.ts";
import { fromJson } from "../json-column.ts";
import type { ApiKeys } from "../keys-port.ts";
import type { ApiKeyRow } from "../schema.ts";

function toKey({ hash: _hash, is_admin, limits, ...row }: ApiKeyRow): ApiKey {
  return { ...row, ...fromJson<KeyLimits>(limits), is_admin: is_admin === 1 };
}

function fromKey(key: ApiKey, hash: string): ApiKeyRow {
  const { key_id, name, owner, is_admin, prefix, last4, ...rest } = key;
  const { created_at, rotated_at, revoked_at, last_used_at, ...limits } = rest;
  return {
    key_id,
    name,
    hash,
    prefix,
    last4,
    owner,
    is_admin: is_admin ? 1 : 0,
    limits: JSON.stringify(limits),
    created_at,
    rotated_at,
    revoked_at,
    last_used_at,
  };
}

export class KyselyApiKeys implements ApiKeys {
  readonly #commits: Commits;
  readonly #db: Dialect["db"];
  readonly #byHash: (p: { hash: string }) => Commit<ApiKeyRow[]>;

  constructor(commits: Commits, { db }: Dialect) {
    this.#commits = commits;
    this.#db = db;
    this.#byHash = hot((p) => db.selectFrom("api_key").selectAll().where("hash", "=", p.hash));
  }

  create(key: ApiKey, hash: string): Promise<void> {
    return this.#commits.write(() =>
      run(this.#db.insertInto("api_key").values(fromKey(key, hash))),
    );
  }

  async findByHash(hash: string): Promise<ApiKey | undefined> {
    const [row] = await this.#commits.read(() => this.#byHash({ hash }));
    return row && toKey(row);
  }

  async findById(keyId: string): Promise<ApiKey | undefined> {
    const query = this.#db.selectFrom("api_key").selectAll().where("key_id", "=", keyId);
    const row = await this.#commits.read(() => first(query));
    return row && toKey(row);
  }

  async list(): Promise<ApiKey[]> {
    const query = this.#db
      .selectFrom("api_key")
      .selectAll()
      .orderBy("created_at")
      .orderBy("key_id");
    return (await this.#commits.read(() => all(query))).map(toKey);
  }

  revoke(name: string, now: number): Promise<ApiKey | undefined> {
    return this.#commits.write(() => this.#revokeCommit(name, now));
  }

  async rotate(name: string, digest: KeyDigest, now: number): Promise<ApiKey | undefined> {
    const query = this.#db
      .updateTable("api_key")
      .set({ ...digest, rotated_at: now })
      .where("name", "=", name)
      .where("revoked_at", "is", null)
      .returningAll();
    const row = await this.#commits.write(() => first(query));
    return row && toKey(row);
  }

  async delete(name: string): Promise<boolean> {
    const query = this.#db
      .deleteFrom("api_key")
      .where("name", "=", name)
      .where("revoked_at", "is not", null)
      .returning("key_id");
    return (await this.#commits.write(() => first(query))) !== undefined;
  }

  touch(keyId: string, now: number): Promise<void> {
    return this.#commits.write(() =>
      run(this.#db.updateTable("api_key").set({ last_used_at: now }).where("key_id", "=", keyId)),
    );
  }

  async hasAny(): Promise<boolean> {
    const query = this.#db.selectFrom("api_key").select("key_id").limit(1);
    return (await this.#commits.read(() => first(query))) !== undefined;
  }

  *#revokeCommit(name: string, now: number): Commit<ApiKey | undefined> {
    yield* run(
      this.#db
        .updateTable("api_key")
        .set({ revoked_at: now })
        .where("name", "=", name)
        .where("revoked_at", "is", null),
    );
    const row = yield* first(this.#db.selectFrom("api_key").selectAll().where("name", "=", name));
    return row && toKey(row);
  }
}
