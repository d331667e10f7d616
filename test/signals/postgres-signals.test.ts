import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createLog } from "../../src/core/log.ts";
import { openSignals } from "../../src/signals/open-signals.ts";
import { PostgresSignals } from "../../src/signals/postgres-signals.ts";
import {
  describeWithPostgres,
  freshDatabase,
  onPostgres,
  type FreshDatabase,
} from "../support/postgres.ts";

const log = createLog("silent");

describeWithPostgres("signals between processes", () => {
  let database: FreshDatabase;
  let here: PostgresSignals;
  let there: PostgresSignals;

  beforeEach(async () => {
    database = await freshDatabase();
    here = new PostgresSignals({ databaseUrl: database.url, log });
    there = new PostgresSignals({ databaseUrl: database.url, log });
    await Promise.all([here.connected, there.connected]);
  });
  afterEach(async () => {
    await Promise.all([here.close(), there.close()]);
    await database[Symbol.asyncDispose]();
  });

  /** The ids heard on a channel, in the order they came. */
  function heard(signals: PostgresSignals, channel: Parameters<PostgresSignals["on"]>[0]) {
    const ids: string[] = [];
    const stop = signals.on(channel, (more) => ids.push(...more));
    return { ids, stop };
  }

  it("reach the others on their channel, and not the process that gave them", async () => {
    const runs = heard(there, "runs");
    const cancel = heard(there, "cancel");
    const own = heard(here, "runs");
    here.notify("runs", ["a", "羚伊"]);
    here.notify("runs", ["b"]);
    here.notify("cancel", ["c"]);
    await vi.waitFor(() => expect(cancel.ids).toEqual(["c"]));
    expect(runs.ids).toEqual(["a", "羚伊", "b"]);
    there.notify("runs", ["back"]);
    await vi.waitFor(() => expect(own.ids).toEqual(["back"]));
  });

  it("carry more ids than one payload holds", async () => {
    const events = heard(there, "events");
    const ids = Array.from({ length: 1000 }, (_, n) => `run ${n} ${"x".repeat(30)}`);
    here.notify("events", ids);
    await vi.waitFor(() => expect(events.ids).toEqual(ids));
  });

  it("are not told to a listener that has stopped", async () => {
    const stopped = heard(there, "runs");
    const other = heard(there, "runs");
    stopped.stop();
    here.notify("runs", ["a"]);
    await vi.waitFor(() => expect(other.ids).toEqual(["a"]));
    expect(stopped.ids).toEqual([]);
  });

  it("are heard again after the connection was cut, and the gap is told of", async () => {
    const calls: string[][] = [];
    there.on("runs", (ids) => calls.push(ids));
    await onPostgres(
      database.url,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kagari signals'",
    );
    await vi.waitFor(() => expect(calls).toContainEqual([]), { timeout: 5000 });
    here.notify("runs", ["after"]);
    await vi.waitFor(() => expect(calls.at(-1)).toEqual(["after"]), { timeout: 5000 });
  });

  it("ignore what others say on the same channel", async () => {
    const runs = heard(there, "runs");
    await onPostgres(
      database.url,
      "notify kagari_runs, 'not ours'",
      "notify kagari_else, '[\"x\"]'",
    );
    here.notify("runs", ["a"]);
    await vi.waitFor(() => expect(runs.ids).toEqual(["a"]));
  });

  it("send what waits when they are closed, and nothing afterwards", async () => {
    const runs = heard(there, "runs");
    here.notify("runs", ["last"]);
    await here.close();
    here.notify("runs", ["too late"]);
    await vi.waitFor(() => expect(runs.ids).toEqual(["last"]));
    await here.close();
  });
});

it("nobody is told or heard where one process owns the database", async () => {
  const signals = await openSignals(undefined, log);
  const told = vi.fn<(ids: string[]) => void>();
  const stop = signals.on("runs", told);
  signals.notify("runs", ["a"]);
  stop();
  await signals.close();
  expect(told).not.toHaveBeenCalled();
});

it("a database that cannot be reached does not keep signals from being closed", async () => {
  const signals = await openSignals("postgres://nobody@127.0.0.1:1/none", log);
  signals.notify("runs", ["a"]);
  await expect(signals.close()).resolves.toBeUndefined();
});
