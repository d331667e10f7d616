import { afterAll, beforeAll } from "vitest";
import { openStorage } from "../../src/storage/open-storage.ts";
import {
  describeWithPostgres,
  freshDatabase,
  onPostgres,
  type FreshDatabase,
} from "../support/postgres.ts";
import { storageContract } from "./storage.contract.ts";

let database: FreshDatabase;

/** Empties all tables, system assistants included. */
const EMPTY = `do $$ begin execute (select 'truncate ' || string_agg(quote_ident(tablename), ', ')
  from pg_tables where schemaname = 'public' and tablename <> 'kagari_migration'); end $$`;

storageContract(
  "Postgres",
  async () => {
    const storage = await openStorage({ databaseUrl: database.url, maxConnections: 5 });
    await onPostgres(database.url, EMPTY);
    return storage;
  },
  (name, tests) =>
    describeWithPostgres(name, () => {
      beforeAll(async () => {
        database = await freshDatabase();
      });
      afterAll(() => database[Symbol.asyncDispose]());
      tests();
    }),
);
