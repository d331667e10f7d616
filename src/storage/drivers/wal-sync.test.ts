import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WalSync } from "./wal-sync.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kagari-wal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("shares one sync among the calls that come while another is under way", async () => {
  const path = join(folder, "x.db");
  writeFileSync(`${path}-wal`, "log");
  const sync = new WalSync(path);
  const first = sync.flush();
  const second = sync.flush();
  expect(second).not.toBe(first);
  expect(sync.flush()).toBe(second);
  await Promise.all([first, second]);
  sync.close();
});

it("rejects while there is no log, and works once there is", async () => {
  const path = join(folder, "x.db");
  const sync = new WalSync(path);
  await expect(async () => sync.flush()).rejects.toMatchObject({ code: "ENOENT" });
  writeFileSync(`${path}-wal`, "log");
  await sync.flush();
  sync.close();
});
