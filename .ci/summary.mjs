// Prints vitest's JSON report as one line; fails when a test failed, or was skipped for lack of a server.
import { readFileSync } from "node:fs";

const NEEDS_SERVER = /\[needs |postgres|redis/i;
const SKIPPED = new Set(["pending", "skipped", "disabled", "todo"]);

function readSuites(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).testResults;
  } catch {
    console.log("no test report was written");
    return undefined;
  }
}

const suites = readSuites(process.argv[2]);
const tests = (suites || []).flatMap((suite) => suite.assertionResults);
const passed = tests.filter((test) => test.status === "passed");
const failed = tests.filter((test) => test.status === "failed");
const skipped = tests.filter((test) => SKIPPED.has(test.status));
const brokenSuites = (suites || []).filter(
  (suite) =>
    suite.status === "failed" && !suite.assertionResults.some((test) => test.status === "failed"),
);
const missing = skipped.filter((test) => NEEDS_SERVER.test(test.fullName));

for (const suite of brokenSuites) console.log(`could not run: ${suite.name}`);
for (const test of missing) console.log(`skipped for lack of a server: ${test.fullName}`);
const failures = failed.length + brokenSuites.length;
if (!suites || passed.length === 0 || failures > 0 || missing.length > 0) process.exitCode = 1;
console.log(`${passed.length} passed, ${failures} failed, ${skipped.length} skipped`);
