import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import { createLog, type Log } from "../../src/core/log.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { Storage } from "../../src/storage/ports.ts";
import { Ledger } from "../../src/usage/ledger.ts";
import { used } from "./used.ts";

let storage: Storage;
let lines: object[];
let log: Log;

beforeEach(async () => {
  storage = await openStorage({ dataDir: ":memory:" });
  lines = [];
  log = createLog("silent");
  log.error = (fields: object) => void lines.push(fields);
});
afterEach(() => storage.close());

/** The storage's rows, of which some commits fail. */
const failing = (failure: (commit: number) => Error | undefined) => {
  let commits = 0;
  const record: Storage["usage"]["record"] = async (calls) => {
    const error = failure(++commits);
    if (error) throw error;
    await storage.usage.record(calls);
  };
  return Object.assign(Object.create(storage.usage) as Storage["usage"], { record });
};

const outage = () => new AppError("unavailable", "gone");
const idsOf = async (run = "run") => (await storage.usage.ofRun(run)).map(({ call_id }) => call_id);

describe("the ledger", () => {
  it("puts calls of one turn into one commit", async () => {
    let commits = 0;
    const ledger = new Ledger(
      failing((commit) => void (commits = commit)),
      { log },
    );
    await Promise.all(["a", "b", "c"].map((id) => ledger.record(used(id))));
    expect(commits).toBe(1);
    expect(await idsOf()).toEqual(["a", "b", "c"]);
  });

  it("tries again what the database cannot take for now, and counts it once", async () => {
    const ledger = new Ledger(
      failing((commit) => (commit < 3 ? outage() : undefined)),
      { log },
    );
    await Promise.all([ledger.record(used("a")), ledger.record(used("b"))]);
    expect(await idsOf()).toEqual(["a", "b"]);
    expect(lines).toEqual([]);
  });

  it("lets a run wait for its calls, and tells it of an outage", async () => {
    const { promise: isBack, resolve: comeBack } = Promise.withResolvers<void>();
    let isDown = true;
    void isBack.then(() => (isDown = false));
    const ledger = new Ledger(
      failing(() => (isDown ? outage() : undefined)),
      { log },
    );
    const done = ledger.record(used("a"));
    await expect(ledger.settled("run")).rejects.toMatchObject({ code: "unavailable" });
    await expect(ledger.settled("run")).rejects.toMatchObject({ code: "unavailable" });
    await expect(ledger.settled("another")).resolves.toBeUndefined();
    comeBack();
    await isBack;
    await ledger.settled("run");
    expect(await idsOf()).toEqual(["a"]);
    await done;
  });

  it("keeps the neighbours of a call that the database refuses, and logs that one whole", async () => {
    const bad = used("bad", { durationMs: Number.NaN });
    const ledger = new Ledger(storage.usage, { log });
    const done = Promise.all([
      ledger.record(used("a")),
      ledger.record(bad),
      ledger.record(used("b")),
    ]);
    await ledger.settled("run");
    await done;
    expect(await idsOf()).toEqual(["a", "b"]);
    expect(lines).toMatchObject([{ call: { call_id: "bad", cost_micros: 5 } }]);
  });

  it("logs what is left when it closes without a database", async () => {
    const ledger = new Ledger(failing(outage), { log });
    const done = ledger.record(used("a"));
    await ledger.close();
    await done;
    expect(lines).toMatchObject([{ call: { call_id: "a" } }]);
  });

  it("bounds what a provider says, and takes what no database would", async () => {
    const ledger = new Ledger(storage.usage, { log });
    const usage = { prompt_tokens: 3, junk: "x".repeat(100_000), more: 1 };
    await ledger.record(used("a", { usage, answeredBy: `m\0${"y".repeat(1000)}` }));
    const [call] = await storage.usage.ofRun("run");
    expect(call?.usage).toEqual({ prompt_tokens: 3, truncated: true });
    expect(call?.answered_by).toMatch(/^my{199}$/);
  });
});
