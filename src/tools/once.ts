import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { doOnce } from "../models/once/once.ts";

const wrapped = new WeakSet<StructuredToolInterface>();

/**
 * The same tool, whose finished calls are not made again when the step of a graph is attempted
 * again: after a crash, a retry, or an answer to the interrupt of another tool. Errors are not kept.
 */
export function onceTool(tool: StructuredToolInterface): StructuredToolInterface {
  if (wrapped.has(tool)) return tool;
  const invoke = async (input: ToolInput, config?: RunnableConfig): Promise<unknown> =>
    await doOnce({
      kind: "tool",
      config,
      content: () => [tool.name, input],
      run: async (callConfig): Promise<unknown> => await tool.invoke(input, callConfig),
    });
  // A copy by its prototype, so that a tool of any class keeps its methods and getters.
  const copy = asTool(Object.create(tool, { invoke: { value: invoke } }));
  wrapped.add(copy);
  return copy;
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

type ToolInput = Parameters<StructuredToolInterface["invoke"]>[0];

/** `Object.create` cannot say that what it makes has all that its prototype has. */
const asTool = (copy: unknown): StructuredToolInterface => copy as StructuredToolInterface;
