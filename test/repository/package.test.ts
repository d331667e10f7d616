import { spawnSync } from "node:child_process";

import { expect, it } from "vitest";
import { z } from "zod";

import { PROJECT_ROOT } from "./source-files.ts";

const Packed = z.array(z.object({ files: z.array(z.object({ path: z.string() })) }));

function packedFiles(): string[] {
  // On Windows npm is a script, which needs a shell.
  const { stdout } = spawnSync("npm pack --dry-run --json --ignore-scripts", {
    cwd: PROJECT_ROOT,
    encoding: "utf8",
    shell: true,
  });
  return Packed.parse(JSON.parse(stdout)).flatMap(({ files }) => files.map(({ path }) => path));
}

it("packs the program and nothing private", () => {
  const files = packedFiles();
  expect(files).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "bin/kagari.mjs",
      "package.json",
      "src/core/errors.ts",
    ]),
  );
  const wanted =
    /^(bin|config|graphs|prompts|src)\/|^(CHANGELOG|README|README\.zh-CN)\.md$|^LICENSE$|^(package|langgraph)\.json$/;
  const secret = /(^|\/)\.env|\.test\.ts$|\.(sqlite|db|pem|key|log)$/;
  expect(files.filter((file) => !wanted.test(file) || secret.test(file))).toEqual([]);
});
