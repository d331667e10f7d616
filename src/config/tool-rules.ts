import { z } from "zod";
import { ToolRule } from "../domain/tool-rule.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";

const rulesFile = z.strictObject({ $schema: z.string().optional(), rules: z.array(ToolRule) });

/** The operator's rules for tools, none where there is no file; ConfigError names file and key path. */
export function readToolRules(file: string): readonly ToolRule[] {
  const found = readJsonFile(file);
  if (found === undefined) return [];
  return checkConfig(rulesFile, found, { file, keys: Object.keys(rulesFile.shape) }).rules;
}
