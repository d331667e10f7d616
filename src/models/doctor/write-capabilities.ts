import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseJsonText } from "../../config/json-file.ts";
import { newId } from "../../core/ids.ts";
import type { Finding } from "./finding.ts";
import { withKey } from "./json-edit.ts";

/** What the findings say for the `capabilities` of a model file; only what is certain. */
export function foundCapabilities(findings: readonly Finding[]): Record<string, boolean> {
  const certain = findings.flatMap(({ capability, verdict }) =>
    capability !== undefined && (verdict === "yes" || verdict === "no")
      ? [[capability, verdict === "yes"] as const]
      : [],
  );
  return Object.fromEntries(certain);
}

/**
 * Puts the found capabilities into a model file, over those that it has; the rest of the text stays
 * as it was written. The file is replaced whole, so that no reader sees half of it.
 */
export function writeCapabilities(file: string, found: Readonly<Record<string, boolean>>): void {
  const path = realpathSync(file);
  const text = readFileSync(path, "utf8");
  const capabilities = { ...capabilitiesOf(parseJsonText(text, file)), ...found };
  replaceFile(path, withKey(text, "capabilities", capabilities));
}

function capabilitiesOf(content: unknown): object {
  if (typeof content !== "object" || content === null || !("capabilities" in content)) return {};
  const { capabilities } = content;
  return typeof capabilities === "object" && capabilities !== null ? capabilities : {};
}

function replaceFile(path: string, text: string): void {
  const { mode } = statSync(path);
  const next = join(dirname(path), `.${basename(path)}.${newId()}`);
  try {
    writeFileSync(next, text, { mode, flag: "wx" });
    const handle = openSync(next, "r");
    fsyncSync(handle);
    closeSync(handle);
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw error;
  }
}
