import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY } from "../support/test-server.ts";
import { describeWithPostgres, freshDatabase, onPostgres } from "../support/postgres.ts";

/** Runs a command of the CLI to its end. */
function kagari(args: string[], databaseUrl: string) {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(REPOSITORY, "bin/kagari.mjs"), ...args],
    { cwd: REPOSITORY, encoding: "utf8", env: { ...process.env, DATABASE_URL: databaseUrl } },
  );
  return { status, stderr };
}

it("a worker on the embedded database is refused with the way out", () => {
  expect(kagari(["worker"], "")).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^kagari: kagari worker needs DATABASE_URL[^\n]*\n$/),
  });
});

it("a server without workers on the embedded database is refused with the way out", () => {
  expect(kagari(["start", "--workers", "0"], "")).toEqual({
    status: 1,
    stderr: expect.stringMatching(
      /^kagari: workers \(KAGARI_WORKERS\): [^\n]*DATABASE_URL[^\n]*\n$/,
    ),
  });
});

it("a worker that takes no runs is refused", () => {
  expect(kagari(["worker", "--workers", "0"], "postgres://127.0.0.1:1/x")).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^kagari: kagari worker needs at least one run[^\n]*\n$/),
  });
});

it.each(["mysql://me:hidden@127.0.0.1/x", "postgres://me:hidden@127.0.0.1:1/x"])(
  "%s ends the start with one line, without the password",
  (url) => {
    const { status, stderr } = kagari(["start", "--port", "0"], url);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^kagari: [^\n]*DATABASE_URL[^\n]*\n$/);
    expect(stderr).not.toContain("hidden");
  },
);

it("migrates the embedded database", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kagari-migrate-"));
  expect(kagari(["migrate", "--data-dir", dataDir], "")).toEqual({
    status: 0,
    stderr: "the database is up to date\n",
  });
  rmSync(dataDir, { recursive: true });
});

describeWithPostgres("kagari migrate", () => {
  it("makes the tables of an empty database, and leaves those of one that has them", async () => {
    await using database = await freshDatabase();
    for (let n = 0; n < 2; n += 1) expect(kagari(["migrate"], database.url).status).toBe(0);
    expect(await onPostgres(database.url, "select id from kagari_migration")).not.toEqual([]);
  });
});
