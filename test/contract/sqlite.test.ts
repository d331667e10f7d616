import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError, ConfigError } from "../../src/core/errors.ts";
import type { Commit } from "../../src/storage/commit.ts";
import { SqliteDriver } from "../../src/storage/drivers/sqlite.ts";
import { openSqlite } from "../../src/storage/drivers/sqlite-open.ts";
import { registerFunctions } from "../../src/storage/drivers/sqlite-dialect.ts";
import { WalSync } from "../../src/storage/drivers/wal-sync.ts";
import { KyselyStorage } from "../../src/storage/kysely-storage.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { accept, blob, custom, sampleCheckpoint, sampleThread, start, text } from "./samples.ts";
import { storageContract } from "./storage.contract.ts";

storageContract("SQLite in memory", () => openStorage({ dataDir: ":memory:" }));

let dataDir: string;
const opened: Storage[] = [];

async function open(): Promise<Storage> {
  const storage = await openStorage({ dataDir, synchronous: "normal" });
  opened.push(storage);
  return storage;
}

const file = () => join(dataDir, "kagari.db");

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "kagari-sqlite-"));
});

afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** What opening the data directory is refused with. */
async function refusal(): Promise<string> {
  const refused = open();
  await expect(refused).rejects.toThrow(ConfigError);
  return refused.then(
    () => "",
    (error: Error) => error.message,
  );
}

/** What a descriptor of this process is open on; it may be gone by now. */
function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return "";
  }
}

describe("a SQLite data directory", () => {
  it("keeps everything over a restart", async () => {
    const first = await open();
    const { run, fence } = await start(first, "r");
    await first.events.append([{ fence, events: [text(1, "你"), text(2, "好"), custom(3)] }]);
    const row = sampleCheckpoint("thread", "1", { values: { a: "@v" } });
    const parts = [{ part_id: "@v", value: blob("v") }];
    await first.checkpoints.put(row, { parts, fence });
    await first.close();

    const second = await open();
    expect(await second.runs.find("r")).toEqual(run);
    expect(await second.events.read("r", 1, 10)).toEqual([text(2, "好"), custom(3)]);
    const stored = await second.checkpoints.get({ thread_id: "thread", checkpoint_ns: "" });
    expect(stored).toEqual({ ...row, writes: [] });
    expect(await second.checkpoints.parts("thread", ["@v"])).toEqual(parts);
    expect(await second.threads.find("thread")).toMatchObject({ status: "busy" });
  });

  it("is made with its parents", async () => {
    const parent = dataDir;
    dataDir = join(parent, "a", "b");
    const storage = await open();
    await storage.threads.create(sampleThread("t"));
    expect(existsSync(file())).toBe(true);
    await storage.close();
    rmSync(parent, { recursive: true });
  });

  it("writes ahead", async () => {
    await (await open()).close();
    const database = new DatabaseSync(file(), { readOnly: true });
    expect(database.prepare("pragma journal_mode").get()).toMatchObject({ journal_mode: "wal" });
    database.close();
  });

  it.runIf(process.platform === "linux").each([
    [{}, 2],
    [{ synchronous: "full" } as const, 2],
    [{ synchronous: "normal" } as const, 1],
  ])("puts the log on the disk by itself unless asked otherwise: %j", async (options, openings) => {
    const driver = openSqlite({ dataDir, ...options });
    await driver.write(execute("create table x (y)"));
    const targets = readdirSync("/proc/self/fd").map((descriptor) => linkOf(descriptor));
    expect(targets.filter((target) => target === `${file()}-wal`)).toHaveLength(openings);
    await driver.close();
  });

  it("acknowledges nothing that could not be put on the disk", async () => {
    const database = new DatabaseSync(":memory:");
    database.exec("create table t (x)");
    const sync = new WalSync(join(dataDir, "no-such-folder", "kagari.db"));
    const driver = new SqliteDriver(database, { release: () => undefined, sync });
    const write = driver.write(execute("insert into t values (1)"));
    await expect(write).rejects.toMatchObject({ code: "unavailable" });
  });

  it("waits for the disk for all but what is of no use after a crash", async () => {
    const database = new DatabaseSync(":memory:");
    database.exec("create table t (x)");
    const sync = new WalSync(join(dataDir, "no-such-folder", "kagari.db"));
    const driver = new SqliteDriver(database, { release: () => undefined, sync });
    const passing = driver.write(execute("insert into t values (1)"), { isPassing: true });
    const lasting = driver.write(execute("insert into t values (2)"));
    await expect(lasting).rejects.toMatchObject({ code: "unavailable" });
    await passing;
    await driver.write(execute("insert into t values (3)"), { isPassing: true });
    await driver.close();
  });

  it("refuses a database of a newer version, naming it, and leaves it as it was", async () => {
    await (await open()).close();
    const database = new DatabaseSync(file());
    database.exec(
      "insert into kagari_migration (id) values ('0999-future'); create table future (x)",
    );
    database.close();
    const before = readFileSync(file());
    const message = await refusal();
    expect(message).toContain(file());
    expect(message).toContain("0999-future");
    expect(readFileSync(file())).toEqual(before);
  });

  it("refuses a database of another program and leaves it as it was", async () => {
    const database = new DatabaseSync(file());
    database.exec("create table theirs (x)");
    database.close();
    const before = readFileSync(file());
    expect(await refusal()).toBe(`${file()} is a database of another program`);
    expect(readFileSync(file())).toEqual(before);
  });

  it.each([
    ["no database", () => writeFileSync(file(), "not a database ".repeat(1000))],
    ["cut short", () => writeFileSync(file(), readFileSync(file()).subarray(0, 8192))],
    [
      "overwritten in the middle",
      () => writeFileSync(file(), readFileSync(file()).fill(0xaa, 8192, 24_576)),
    ],
  ])("refuses a file that is %s and leaves it as it was", async (_, damage) => {
    await (await open()).close();
    damage();
    const before = readFileSync(file());
    const message = await refusal();
    expect(message).toContain(file());
    expect(message).toContain("kagari restore");
    expect(readFileSync(file())).toEqual(before);
  });

  it("refuses a directory that cannot be one, naming it", async () => {
    const inTheWay = join(dataDir, "file");
    writeFileSync(inTheWay, "");
    await expect(openStorage({ dataDir: inTheWay })).rejects.toThrow(inTheWay);
    await expect(openStorage({ dataDir: join(inTheWay, "x") })).rejects.toThrow(ConfigError);
  });

  it("can be opened again after a refusal", async () => {
    writeFileSync(file(), "not a database ".repeat(1000));
    await refusal();
    rmSync(file());
    const storage = await open();
    expect(await storage.runs.find("none")).toBeUndefined();
  });

  it("belongs to one process, until that is killed", async () => {
    const script = join(import.meta.dirname, "hold-directory.ts");
    const holder = spawn(process.execPath, [script, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const said = await Promise.race([once(holder.stdout, "data"), once(holder, "exit")]);
      expect(String(said[0])).toBe("ready\n");
      const message = await refusal();
      expect(message).toContain(dataDir);
      expect(message).toContain("DATABASE_URL");
    } finally {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    }
    const storage = await open();
    expect(await storage.runs.find("kept")).toMatchObject({ status: "pending" });
  });

  it("belongs to one storage of a process, and not before the next", async () => {
    const first = await open();
    expect(await refusal()).toContain("in use");
    await first.close();
    await open();
  });
});

function* execute(sql: string): Commit<unknown[]> {
  return yield { sql, parameters: [] };
}

describe("a SQLite driver", () => {
  it("rejects all commits of a moment when their transaction cannot be committed", async () => {
    const database = new DatabaseSync(":memory:");
    database.exec(`
      create table parent (id integer primary key);
      create table child (parent_id integer references parent (id) deferrable initially deferred)`);
    const driver = new SqliteDriver(database, { release: () => undefined, sync: undefined });
    const settled = await Promise.allSettled([
      driver.write(execute("insert into parent values (1)")),
      driver.write(execute("insert into child values (2)")),
      driver.write(execute("insert into parent values (3)")),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await driver.read(execute("select id from parent"))).toEqual([]);
    await driver.write(execute("insert into parent values (4)"));
    expect(await driver.read(execute("select id from parent"))).toMatchObject([{ id: 4 }]);
    await driver.close();
  });

  it("answers a full disk with storage_full, and goes on once there is room", async () => {
    await (await open()).close();
    const database = new DatabaseSync(file());
    registerFunctions(database);
    const storage = new KyselyStorage(
      new SqliteDriver(database, { release: () => undefined, sync: undefined }),
    );
    opened.push(storage);
    await accept(storage, "before");
    const { page_count = 0 } = database.prepare("pragma page_count").get() ?? {};
    database.exec(`pragma max_page_count = ${String(page_count)}`);
    const metadata = { filler: "x".repeat(100_000) };
    const settled = await Promise.allSettled([
      accept(storage, "small", { thread_id: "small" }),
      accept(storage, "big", { thread_id: "big", metadata }),
    ]);
    const [small, big] = settled;
    expect(big).toMatchObject({ status: "rejected", reason: { code: "storage_full" } });
    // A neighbour is durable or refused, as its answer said.
    expect((await storage.runs.find("small")) !== undefined).toBe(small.status === "fulfilled");
    expect(await storage.runs.find("big")).toBeUndefined();
    expect(await storage.runs.find("before")).toMatchObject({ status: "pending" });
    database.exec("pragma max_page_count = 1000000");
    await accept(storage, "big", { thread_id: "big", metadata });
    expect(await storage.runs.find("big")).toMatchObject({ metadata });
  });

  it("is durable before it answers, and refuses work after it is closed", async () => {
    const storage = await open();
    const late = storage.threads.create(sampleThread("t"));
    await storage.close();
    await late;
    await storage.close();
    await expect(storage.threads.create(sampleThread("u"))).rejects.toThrow(AppError);
    await expect(storage.threads.find("t")).rejects.toThrow("closed");
    const again = await open();
    expect(await again.threads.find("t")).toBeDefined();
    expect(await again.threads.find("u")).toBeUndefined();
  });

  it("answers with what is committed only", async () => {
    const storage = await open();
    const accepted = accept(storage, "r");
    expect(await storage.runs.find("r")).toBeUndefined();
    await accepted;
    const other = new DatabaseSync(file(), { readOnly: true });
    expect(other.prepare("select run_id from run").all()).toMatchObject([{ run_id: "r" }]);
    other.close();
  });

  it("keeps the statements of late, and no more than 500", async () => {
    const database = new DatabaseSync(":memory:");
    const prepared: string[] = [];
    const prepare = database.prepare.bind(database);
    database.prepare = (statement) => {
      prepared.push(statement);
      return prepare(statement);
    };
    const driver = new SqliteDriver(database, { release: () => undefined, sync: undefined });
    const select = (n: number) => driver.read(execute(`select ${n} as n`));
    for (let n = 0; n < 501; n += 1) expect(await select(n)).toMatchObject([{ n }]);
    await select(500);
    await select(1);
    expect(prepared).toHaveLength(501);
    expect(await select(0)).toMatchObject([{ n: 0 }]);
    expect(prepared).toHaveLength(502);
    await driver.close();
  });
});
