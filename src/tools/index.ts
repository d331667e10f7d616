import type { StructuredToolInterface } from "@langchain/core/tools";
import { AppError } from "../core/errors.ts";
import { didYouMean } from "../config/spelling.ts";
import { calculator } from "./calculator.ts";
import { clock } from "./clock.ts";
import { deleteMemoryTool, saveMemoryTool, searchMemoryTool } from "./memory.ts";
import { onceTool } from "./once.ts";
import { boundedTool } from "./bounded.ts";
import { readResultTool } from "./read-result.ts";

/** One whose calls change something outside is registered as `() => onceTool(...)`; these only tell. */
const TOOLS: ReadonlyMap<string, () => StructuredToolInterface> = new Map<
  string,
  () => StructuredToolInterface
>([
  ["clock", clock],
  ["calculator", calculator],
  ["save_memory", () => onceTool(saveMemoryTool())],
  ["search_memory", searchMemoryTool],
  ["delete_memory", () => onceTool(deleteMemoryTool())],
  ["read_result", readResultTool],
]);

/**
 * Tools for a graph: those of the names given, and a graph's own, whose finished calls are then not
 * made again after a crash. Throws "validation" for an unknown name, naming the nearest.
 */
export function tools(...wanted: (string | StructuredToolInterface)[]): StructuredToolInterface[] {
  return [...new Set(wanted)].map((one) =>
    typeof one === "string" ? makeTool(one) : onceTool(one),
  );
}

function makeTool(name: string): StructuredToolInterface {
  const factory = TOOLS.get(name);
  if (factory) return boundedTool(factory());
  const hint = didYouMean(name, TOOLS.keys());
  throw new AppError("validation", `Unknown tool ${JSON.stringify(name.slice(0, 200))}${hint}`);
}
