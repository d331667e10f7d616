import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { AppError, ConfigError } from "../../src/core/errors.ts";
import type { Run } from "../../src/domain/run.ts";
import type { Commit } from "../../src/storage/commit.ts";
import { openPostgres } from "../../src/storage/drivers/postgres-open.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { startPostgres, findPostgres } from "../support/postgres-server.ts";
import {
  describeWithPostgres,
  freshDatabase,
  onPostgres,
  type FreshDatabase,
} from "../support/postgres.ts";
import { accept, custom, sampleRun, sampleThread, success, waitingIn } from "./samples.ts";

/** A commit of one statement. */
const ask = (query: { sql: string; isHot?: boolean }) =>
  function* (): Commit<unknown[]> {
    return yield { parameters: [], ...query };
  };

const THREADS = Array.from({ length: 10 }, (_, n) => `t${n}`);
const LEASE = { now: 0, leaseMs: 60_000 };

describeWithPostgres("several processes on one Postgres", () => {
  let database: FreshDatabase;
  let a: Storage;
  let b: Storage;

  beforeAll(async () => {
    database = await freshDatabase();
    a = await openStorage({ databaseUrl: database.url });
    b = await openStorage({ databaseUrl: database.url });
  });
  afterAll(async () => {
    await Promise.all([a.close(), b.close()]);
    await database[Symbol.asyncDispose]();
  });
  beforeEach(() => a.truncate({ runs: true, threads: true, checkpointer: true }));

  /** One worker: claims and ends runs until none has been left for anybody. */
  async function work(storage: Storage, owner: string, log: { event: string; run: Run }[]) {
    while ((await waitingIn(storage, THREADS)) > 0) {
      const run = await storage.runs.claim(owner, LEASE);
      if (!run) continue;
      log.push({ event: "start", run });
      const { run_id, epoch } = run;
      await storage.events.append([{ fence: { run_id, epoch }, events: [custom(1)] }]);
      log.push({ event: "end", run });
      const end = { outcome: success, events: [custom(2)], now: 1 };
      await storage.runs.finish({ run_id, epoch }, end);
    }
  }

  it("give each run to one worker, one at a time and in order on each thread", async () => {
    for (let n = 0; n < 20; n += 1)
      await Promise.all(
        THREADS.map((thread_id) =>
          accept(n % 2 ? a : b, `${thread_id}-${n}`, { thread_id, created_at: n }),
        ),
      );
    const log: { event: string; run: Run }[] = [];
    await Promise.all(
      [a, a, a, a, b, b, b, b].map((storage, n) => work(storage, `worker ${n}`, log)),
    );
    for (const thread_id of THREADS) {
      const lines = log.filter(({ run }) => run.thread_id === thread_id);
      expect(lines.map(({ event, run }) => `${event} ${run.run_id}`)).toEqual(
        Array.from({ length: 20 }, (_, n) => [
          `start ${thread_id}-${n}`,
          `end ${thread_id}-${n}`,
        ]).flat(),
      );
      expect(await a.threads.find(thread_id)).toMatchObject({ status: "idle" });
    }
    expect(new Set(log.map(({ run }) => run.epoch))).toEqual(new Set([1]));
  }, 60_000);

  it("accept at most one of many runs that must be alone on a thread", async () => {
    const settled = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) =>
        accept(n % 2 ? a : b, `r${n}`, { multitask_strategy: "reject" }),
      ),
    );
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const reasons = settled.flatMap((result) =>
      result.status === "rejected" ? [String(result.reason)] : [],
    );
    expect(reasons).toHaveLength(19);
    for (const reason of reasons) expect(reason).toContain("already running");
    expect(await a.runs.list("thread", { limit: 100, offset: 0 })).toHaveLength(1);
  });

  it("make a thread once when many runs want it, and keep the metadata of all", async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? a : b).runs.accept({
          run: sampleRun(`r${n}`, "t"),
          create_thread: sampleThread("t"),
          thread_metadata: { [`key${n}`]: n },
          thread_config: {},
        }),
      ),
    );
    const thread = await a.threads.find("t");
    expect(Object.keys(thread?.metadata ?? {})).toHaveLength(20);
    expect(await waitingIn(a, ["t"])).toBe(20);
  });

  it("leave one run to go on when many interrupt each other while workers claim", async () => {
    const claimed: Run[] = [];
    const post = (n: number) =>
      accept(n % 2 ? a : b, `r${n}`, { multitask_strategy: "interrupt", created_at: n });
    const take = async (storage: Storage) => {
      const run = await storage.runs.claim("worker", LEASE);
      if (run) claimed.push(run);
    };
    await Promise.all(Array.from({ length: 30 }, (_, n) => [post(n), take(n % 2 ? a : b)]).flat());
    const runs = await a.runs.list("thread", { limit: 100, offset: 0 });
    expect(runs.filter(({ status }) => status === "pending").length).toBeLessThanOrEqual(1);
    expect(claimed.length).toBeLessThanOrEqual(1);
    for (const { run_id, status } of runs) {
      const events = await a.events.read(run_id, 0, 10);
      expect(events.filter(({ kind }) => kind === "end")).toHaveLength(
        status === "interrupted" ? 1 : 0,
      );
    }
  });

  it("do not wait for each other for ever when one ends what the other asks to end", async () => {
    for (let n = 0; n < 30; n += 1) {
      await accept(a, `first ${n}`, { thread_id: `t${n}` });
      const run = await a.runs.claim("worker", LEASE);
      const fence = { run_id: run?.run_id ?? "", epoch: run?.epoch ?? 0 };
      await Promise.all([
        a.runs.finish(fence, { outcome: success, events: [custom(1)], now: 1 }),
        accept(b, `second ${n}`, { thread_id: `t${n}`, multitask_strategy: "interrupt" }),
        b.runs.requestCancel(fence.run_id, "interrupt", 1),
        b.runs.renewAll("worker", LEASE),
      ]);
      await a.threads.delete(`t${n}`);
    }
    const [row] = await onPostgres(
      database.url,
      "select deadlocks::int from pg_stat_database where datname = current_database()",
    );
    expect(row).toEqual({ deadlocks: 0 });
  });

  it("refuse the writes of a worker whose run another has taken", async () => {
    await accept(a, "r");
    const run = await a.runs.claim("slow", { now: 0, leaseMs: 0 });
    const old = { run_id: "r", epoch: run?.epoch ?? 0 };
    const reclaimed = await Promise.all([a.runs.reclaim(1), b.runs.reclaim(1)]);
    expect(reclaimed.flat()).toMatchObject([{ run_id: "r", crashes: 1 }]);
    const [first, second] = await Promise.all([a, b].map((s) => s.runs.claim("new", LEASE)));
    expect([first, second].filter(Boolean)).toMatchObject([{ run_id: "r", epoch: 2 }]);
    expect(await a.events.append([{ fence: old, events: [custom(1)] }])).toEqual({ lost: ["r"] });
    await expect(a.runs.finish(old, { outcome: success, events: [], now: 1 })).rejects.toThrow(
      "lease",
    );
  });

  it("measure leases by the clock of the database, whatever a process believes", async () => {
    await accept(a, "r");
    await a.runs.claim("us", { now: 4_900_000_000_000, leaseMs: 1 });
    const inAnHour = 4_900_000_000_000;
    await a.runs.renewAll("us", { now: 1, leaseMs: 60_000 });
    expect(await b.runs.reclaim(inAnHour)).toEqual([]);
  });

  it("search through metadata that jsonb cannot hold", async () => {
    const odd = "\u0000 and half a pair \ud83d";
    await a.threads.create(sampleThread("odd", { metadata: { odd, kind: "x" } }));
    const page = { limit: 10, offset: 0, sort_by: "thread_id", sort_order: "asc" } as const;
    for (const metadata of [{ kind: "x" }, { odd }]) {
      const { rows } = await a.threads.search({ metadata }, page);
      expect(rows.map(({ thread_id }) => thread_id)).toEqual(["odd"]);
    }
  });
});

describeWithPostgres("a commit beside one that is not done yet", () => {
  let database: FreshDatabase;
  let storage: Storage;
  let other: Client;

  beforeEach(async () => {
    database = await freshDatabase();
    storage = await openStorage({ databaseUrl: database.url });
    other = new Client({ connectionString: database.url });
    await other.connect();
    await other.query("begin");
  });
  afterEach(async () => {
    await other.end();
    await storage.close();
    await database[Symbol.asyncDispose]();
  });

  /** Resolves when a commit waits for a lock of the other. */
  const somebodyWaits = () =>
    vi.waitFor(async () => {
      const waiting = await onPostgres(
        database.url,
        "select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'kagari'",
      );
      expect(waiting).toHaveLength(1);
    });

  it("claims neither a run in another hand nor the next of its thread, but of other threads", async () => {
    await accept(storage, "1", { created_at: 1 });
    await accept(storage, "2", { created_at: 2 });
    await accept(storage, "3", { created_at: 3, thread_id: "other" });
    await other.query("select from run where run_id = '1' for update");
    expect(await storage.runs.claim("w", LEASE)).toMatchObject({ run_id: "3" });
    expect(await storage.runs.claim("w", LEASE)).toBeUndefined();
  });

  it("claims nothing of a thread of which another run was claimed in the same moment", async () => {
    await accept(storage, "1", { created_at: 2 });
    await other.query("update run set status = 'running' where run_id = '1'");
    await accept(storage, "older", { created_at: 1 });
    const claimed = storage.runs.claim("w", LEASE);
    await somebodyWaits();
    await other.query("commit");
    expect(await claimed).toBeUndefined();
  });

  it("appends nothing under a fence that another claim is breaking", async () => {
    await accept(storage, "r");
    await storage.runs.claim("w", LEASE);
    await other.query("select from run for update");
    await other.query("update run set epoch = 2");
    const appended = storage.events.append([
      { fence: { run_id: "r", epoch: 1 }, events: [custom(1)] },
    ]);
    await somebodyWaits();
    await other.query("commit");
    expect(await appended).toEqual({ lost: ["r"] });
  });

  it("asks a run to end that was claimed in the same moment", async () => {
    await accept(storage, "r");
    await other.query("update run set status = 'running', epoch = 1");
    const before = storage.runs.requestCancel("r", "interrupt", 1);
    await somebodyWaits();
    await other.query("commit");
    expect(await before).toBe("running");
    expect(await storage.runs.find("r")).toMatchObject({ status: "running", cancel: "interrupt" });
  });

  it("flags a run that was claimed in the same moment, for the run that replaces it", async () => {
    await accept(storage, "r");
    await other.query("update run set status = 'running', epoch = 1");
    const accepted = accept(storage, "new", { multitask_strategy: "interrupt" });
    await somebodyWaits();
    await other.query("commit");
    expect(await accepted).toMatchObject({ cancelled: ["r"], ended: [] });
    expect(await storage.events.lastSeq("r")).toBe(0);
  });

  it("deletes a thread with the events that were on their way", async () => {
    await accept(storage, "r");
    await other.query("select from run for key share");
    await other.query("insert into event values ('r', 1, 1, 0, 2, '[]')");
    const deleted = storage.threads.delete("thread");
    await somebodyWaits();
    await other.query("commit");
    expect(await deleted).toBe(true);
    while (await storage.removals.clear());
    expect(await storage.events.lastSeq("r")).toBe(0);
  });

  it("renews the lease of a run whose events are being stored, which nobody reclaims meanwhile", async () => {
    await accept(storage, "r");
    const run = await storage.runs.claim("w", LEASE);
    const fence = { run_id: "r", epoch: run?.epoch ?? 0 };
    // As a commit of events begins, which on a busy machine is nearly always under way.
    await other.query("select from run for key share");
    expect(await storage.runs.renewAll("w", { now: 0, leaseMs: 0 })).toMatchObject([fence]);
    expect(await storage.runs.reclaim(0)).toEqual([]);
    expect(await storage.runs.renewAll("w", { now: 0, leaseMs: 60_000 })).toMatchObject([fence]);
    await other.query("commit");
    expect(await storage.runs.reclaim(0)).toEqual([]);
  });

  it.each(["release", "finish", "take over"])(
    "neither loses nor repeats the number of an event that is on its way at a %s",
    async (by) => {
      await accept(storage, "r");
      const run = await storage.runs.claim("w", LEASE);
      const fence = { run_id: "r", epoch: run?.epoch ?? 0 };
      await other.query("select from run for key share");
      await other.query("insert into event values ('r', 1, 1, 0, 2, '[]')");
      const end = { outcome: success, events: [custom(2)], now: 1 };
      const changed =
        by === "release"
          ? storage.runs.release(fence, 1)
          : by === "finish"
            ? storage.runs.finish(fence, end)
            : storage.runs.takeOver(1);
      await somebodyWaits();
      await other.query("commit");
      await changed;
      expect(await storage.events.lastSeq("r")).toBe(by === "finish" ? 2 : 1);
    },
  );

  it("neither renews nor reclaims a run in another hand, and waits for none", async () => {
    await accept(storage, "busy", { thread_id: "1" });
    await accept(storage, "free", { thread_id: "2", created_at: 2 });
    for (let n = 0; n < 2; n += 1) await storage.runs.claim("w", { now: 0, leaseMs: 0 });
    await other.query("select from run where run_id = 'busy' for update");
    expect(await storage.runs.renewAll("w", { now: 0, leaseMs: 0 })).toMatchObject([
      { run_id: "free" },
    ]);
    expect(await storage.runs.reclaim(0)).toMatchObject([{ run_id: "free" }]);
  });
});

describeWithPostgres("opening a Postgres database", () => {
  it("orders all text by its bytes, whatever the locale", async () => {
    await using database = await freshDatabase();
    await (await openStorage({ databaseUrl: database.url })).close();
    const others = await onPostgres(
      database.url,
      "select table_name from information_schema.columns where table_schema = 'public' " +
        "and table_name <> 'kagari_migration' and data_type = 'text' and collation_name is distinct from 'C'",
    );
    expect(others).toEqual([]);
  });

  it("lets one of several processes migrate and the others wait for it", async () => {
    await using database = await freshDatabase();
    const opened = await Promise.all(
      Array.from({ length: 4 }, () => openStorage({ databaseUrl: database.url })),
    );
    const [storage] = opened;
    if (!storage) throw new Error("nothing was opened");
    await Promise.all(opened.map((one, n) => accept(one, `r${n}`, { thread_id: `t${n}` })));
    expect(await waitingIn(storage, ["t0", "t1", "t2", "t3"])).toBe(4);
    for (const storage of opened) await storage.close();
  });

  it("refuses a database of a newer version, and leaves it as it was", async () => {
    await using database = await freshDatabase();
    await (await openStorage({ databaseUrl: database.url })).close();
    await onPostgres(database.url, "insert into kagari_migration (id) values ('9999-later')");
    const refused = openStorage({ databaseUrl: database.url });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(`${database.name} was written by a newer version`);
  });

  it("refuses a database of another program, and leaves it as it was", async () => {
    await using database = await freshDatabase();
    await onPostgres(database.url, "create table run (id int)");
    await expect(openStorage({ databaseUrl: database.url })).rejects.toThrow("another program");
    expect(
      await onPostgres(database.url, "select tablename from pg_tables where schemaname = 'public'"),
    ).toEqual([{ tablename: "run" }]);
  });

  it("names a database that is not there, without its password", async () => {
    await using database = await freshDatabase();
    const url = new URL(database.url);
    url.pathname = "/nowhere";
    url.password = "not-to-be-shown";
    const refused = openStorage({ databaseUrl: url.href });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(/nowhere cannot be opened/);
    await expect(refused).rejects.not.toThrow("not-to-be-shown");
  });
});

describeWithPostgres("a Postgres that goes away", () => {
  it("is unavailable while it is down, and works again when it is back", async () => {
    const binaries = findPostgres(process.env["PATH"] ?? "") ?? "";
    const server = await startPostgres(binaries);
    const storage = await openStorage({ databaseUrl: server.url });
    await accept(storage, "before");
    await server.pause();
    await expect(storage.runs.find("before")).rejects.toMatchObject({ code: "unavailable" });
    await expect(accept(storage, "during")).rejects.toMatchObject({ code: "unavailable" });
    await server.resume();
    await accept(storage, "after");
    expect(await storage.runs.find("during")).toBeUndefined();
    expect(await storage.runs.find("before")).toMatchObject({ status: "pending" });
    await storage.close();
    await server.stop();
  });

  it("is unavailable to the commit whose connection is cut, which changes nothing", async () => {
    await using database = await freshDatabase();
    const driver = await openPostgres({ databaseUrl: database.url });
    const cut = driver.write(function* () {
      yield { sql: "create table half (id int)", parameters: [] };
      yield { sql: "select pg_terminate_backend(pg_backend_pid())", parameters: [] };
      return 1;
    });
    await expect(cut).rejects.toMatchObject({ code: "unavailable" });
    const there = driver.read(ask({ sql: "select to_regclass('half')::text as name" }));
    expect(await there).toEqual([{ name: null }]);
    await driver.close();
    await driver.close();
    await expect(driver.read(function* () {})).rejects.toThrow(AppError);
  });

  it("tries a commit again that lost a race, and gives up on one that always does", async () => {
    await using database = await freshDatabase();
    const driver = await openPostgres({ databaseUrl: database.url });
    let tries = 0;
    const fails = (until: number) =>
      driver.write(function* () {
        tries += 1;
        if (tries < until)
          yield {
            sql: "do $$ begin raise exception 'lost' using errcode = '40001'; end $$",
            parameters: [],
          };
        return tries;
      });
    expect(await fails(3)).toBe(3);
    tries = 0;
    await expect(fails(100)).rejects.toThrow("lost");
    expect(tries).toBe(5);
    await driver.close();
  });

  it("prepares its statements anew after the schema has changed under them", async () => {
    await using database = await freshDatabase();
    const driver = await openPostgres({ databaseUrl: database.url, maxConnections: 1 });
    const rows = () => driver.read(ask({ sql: "select * from changing", isHot: true }));
    await onPostgres(database.url, "create table changing (a int)");
    expect(await rows()).toEqual([]);
    await onPostgres(
      database.url,
      "alter table changing add column b int",
      "insert into changing values (1, 2)",
    );
    expect(await rows()).toEqual([{ a: 1, b: 2 }]);
    await driver.close();
  });
});
