import { z } from "zod";
import { ToolPrice } from "../domain/tool-cost.ts";
import { ToolRule } from "../domain/tool-rule.ts";
import { checkConfig, readJsonFile } from "./json-file.ts";

const toolsFile = z.strictObject({
  $schema: z.string().optional(),
  rules: z.array(ToolRule).default([]),
  prices: z.array(ToolPrice).default([]),
});

/** What the operator says of tools: of several rules or prices, the first that is about a call counts. */
export type ToolsFile = Pick<z.output<typeof toolsFile>, "rules" | "prices">;

/** The operator's file, nothing where there is none; ConfigError names file and key path. */
export const readToolsFile = (file: string): ToolsFile =>
  checkConfig(toolsFile, readJsonFile(file) ?? {}, { file, keys: Object.keys(toolsFile.shape) });
