import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import path from "node:path";

import { PROJECT_ROOT } from "./source-files.ts";

const NOT_OURS = /(^|\/)(node_modules|\.git|\.kagari|coverage)(\/|$)/;

function listWithGit(): string[] {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  return execFileSync("git", args, { cwd: PROJECT_ROOT, encoding: "utf8" }).split("\0");
}

function listWithoutGit(): string[] {
  return readdirSync(PROJECT_ROOT, { recursive: true })
    .map((entry) => String(entry).replaceAll(path.sep, "/"))
    .filter((name) => !NOT_OURS.test(name));
}

/** Paths of all files of the project that git tracks or would offer to add. */
export function listProjectFiles(): string[] {
  const names = existsSync(path.join(PROJECT_ROOT, ".git")) ? listWithGit() : listWithoutGit();
  return names.filter(
    (name) =>
      name !== "" && statSync(path.join(PROJECT_ROOT, name), { throwIfNoEntry: false })?.isFile(),
  );
}

/** The text of a file of the project; empty for a binary file. */
export function readProjectText(name: string): string {
  const text = readFileSync(path.join(PROJECT_ROOT, name), "utf8");
  return text.includes("\0") ? "" : text;
}
