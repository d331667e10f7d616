import type { StructuredToolInterface } from "@langchain/core/tools";
import { z } from "zod";
import { TOOLS } from "../config/setting-list/tools.ts";
import { currentRuntime } from "../models/runtime.ts";
import type { ToolLimits } from "./tool-host-port.ts";

const DEFAULTS: ToolLimits = {
  timeoutMs: TOOLS.tool_timeout_seconds.type.parse(undefined) * 1000,
  resultCharacters: TOOLS.tool_result_characters.type.parse(undefined),
};

const ownLimits = z.object({
  /** Seconds; 0 for no limit. */
  timeout: z.number().nonnegative().max(2_000_000).nullish(),
  result_characters: z.int().positive().nullish(),
});

/** The limits of a tool's calls: its own `metadata`, else those of the server. */
export function limitsOf(tool: StructuredToolInterface): ToolLimits {
  const { timeoutMs, resultCharacters } = serverLimits();
  const own = ownLimits.safeParse(metadataOf(tool));
  if (!own.success) {
    const [issue] = own.error.issues;
    throw new Error(`metadata.${issue?.path.join(".")} of tool ${tool.name}: ${issue?.message}`);
  }
  const { timeout, result_characters } = own.data;
  return {
    timeoutMs: timeout == null ? timeoutMs : timeout * 1000,
    resultCharacters: result_characters ?? resultCharacters,
  };
}

/** What holds for tools that say nothing themselves. */
export const serverLimits = (): ToolLimits => currentRuntime().tools?.limits ?? DEFAULTS;

/** What a tool tells of itself beside its schema. */
export const metadataOf = (tool: object | undefined): Readonly<Record<string, unknown>> =>
  tool && "metadata" in tool && typeof tool.metadata === "object" ? { ...tool.metadata } : {};
