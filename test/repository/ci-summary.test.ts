import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { expect, it } from "vitest";

import { PROJECT_ROOT } from "./source-files.ts";

interface Suite {
  name: string;
  status: string;
  assertionResults: { fullName: string; status: string }[];
}

function summarize(report: { testResults: Suite[] } | undefined) {
  const folder = mkdtempSync(path.join(tmpdir(), "kagari-summary-"));
  const file = path.join(folder, "report.json");
  if (report) writeFileSync(file, JSON.stringify(report));
  const script = path.join(PROJECT_ROOT, ".ci", "summary.mjs");
  const { stdout, status } = spawnSync(process.execPath, [script, file], { encoding: "utf8" });
  rmSync(folder, { recursive: true });
  return { last: stdout.trimEnd().split("\n").at(-1), status };
}

const suite = (...tests: [fullName: string, status: string][]): Suite => ({
  name: "a.test.ts",
  status: tests.some(([, status]) => status === "failed") ? "failed" : "passed",
  assertionResults: tests.map(([fullName, status]) => ({ fullName, status })),
});

it.each([
  ["passes", [suite(["a", "passed"], ["b", "passed"])], "2 passed, 0 failed, 0 skipped", 0],
  [
    "fails with a test",
    [suite(["a", "passed"], ["b", "failed"])],
    "1 passed, 1 failed, 0 skipped",
    1,
  ],
  ["allows a skip", [suite(["a", "passed"], ["b", "pending"])], "1 passed, 0 failed, 1 skipped", 0],
  [
    "refuses a skip for lack of a server",
    [suite(["a", "passed"], ["b [needs postgres]", "skipped"])],
    "1 passed, 0 failed, 1 skipped",
    1,
  ],
  [
    "counts a file that could not run",
    [suite(["a", "passed"]), { name: "b", status: "failed", assertionResults: [] }],
    "1 passed, 1 failed, 0 skipped",
    1,
  ],
  ["refuses an empty run", [], "0 passed, 0 failed, 0 skipped", 1],
])("the last line of .ci/run: %s", (_, testResults, last, status) => {
  expect(summarize({ testResults })).toEqual({ last, status });
});

it("fails without a report", () => {
  expect(summarize(undefined)).toEqual({ last: "0 passed, 0 failed, 0 skipped", status: 1 });
});
