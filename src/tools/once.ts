import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { doOnce } from "../models/once/once.ts";
import { boundedTool, markBounded, withInvoke } from "./bounded.ts";

const wrapped = new WeakSet<StructuredToolInterface>();

/**
 * The same tool within its limits, whose finished calls are not made again when the step of a graph is
 * attempted again: after a crash, a retry, or an answer to the interrupt of another tool. Errors are
 * not kept.
 */
export function onceTool(tool: StructuredToolInterface): StructuredToolInterface {
  if (wrapped.has(tool)) return tool;
  const bounded = boundedTool(tool);
  const copy = withInvoke(
    bounded,
    async (input, config) =>
      await doOnce({
        kind: "tool",
        config,
        content: () => [tool.name, input],
        run: async (callConfig): Promise<unknown> => await bounded.invoke(input, callConfig),
      }),
  );
  wrapped.add(copy);
  return markBounded(copy);
}

/**
 * Does `work` once for all attempts of a graph's step, and gives what it returned on every later
 * one. The result must be JSON or messages; a config handed to `work` gives `idempotencyKey`.
 */
export async function once<Result>(
  name: string,
  work: (config: RunnableConfig | undefined) => Promise<Result>,
  config?: RunnableConfig,
): Promise<Result> {
  return await doOnce({ kind: "step", config, content: () => name, run: work });
}
