import type { StructuredToolInterface } from "@langchain/core/tools";
import { AppError } from "../core/errors.ts";
import { didYouMean } from "../config/spelling.ts";
import { calculator } from "./calculator.ts";
import { clock } from "./clock.ts";

const TOOLS: ReadonlyMap<string, () => StructuredToolInterface> = new Map<
  string,
  () => StructuredToolInterface
>([
  ["clock", clock],
  ["calculator", calculator],
]);

/** The tools of these names; throws "validation" for an unknown one, naming the nearest. */
export function tools(...names: string[]): StructuredToolInterface[] {
  return [...new Set(names)].map(makeTool);
}

function makeTool(name: string): StructuredToolInterface {
  const factory = TOOLS.get(name);
  if (factory) return factory();
  const hint = didYouMean(name, TOOLS.keys());
  throw new AppError("validation", `Unknown tool ${JSON.stringify(name.slice(0, 200))}${hint}`);
}
