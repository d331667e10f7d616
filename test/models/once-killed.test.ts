import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { fakeProvider, text } from "../support/fake-provider.ts";
import { ledgerGraph, RUN } from "./once-graph.ts";
import { testRuntime } from "./support.ts";

it("repeats no finished tool, model call or step of a node whose process was killed", async () => {
  await using provider = await fakeProvider(text("first answer"), text("second answer"));
  const dataDir = mkdtempSync(join(tmpdir(), "kagari-once-"));
  const ledger = join(dataDir, "ledger");
  const script = join(import.meta.dirname, "once-and-die.ts");
  const child = spawn(process.execPath, [script, dataDir, ledger, provider.url], {
    stdio: "inherit",
  });
  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
  const lines = () => readFileSync(ledger, "utf8").trimEnd().split("\n");
  const before = lines();
  expect(before).toHaveLength(3);
  expect(new Set(before).size).toBe(3);

  using _ = testRuntime({ fake: { url: provider.url } });
  const storage = await openStorage({ dataDir });
  const graph = ledgerGraph(new FencedSaver(storage.checkpoints), { ledger, end: () => {} });
  const { messages } = await graph.invoke(null, RUN);

  expect(lines()).toEqual(before);
  expect(provider.requests).toHaveLength(1);
  expect(messages.map((message) => message.text).slice(0, 2)).toEqual(["hi", "first answer"]);
  expect(messages[2]?.text.match(/sent hello/g)).toHaveLength(2);
  expect(messages[2]?.text).toContain('"noted":true');
  await storage.close();
  rmSync(dataDir, { recursive: true });
});
