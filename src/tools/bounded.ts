import type { RunnableConfig } from "@langchain/core/runnables";
import type { StructuredToolInterface } from "@langchain/core/tools";
import { ToolMessage } from "@langchain/core/messages";
import { isGraphBubbleUp } from "@langchain/langgraph";
import { billOf, withBill, type Receipt } from "./bill.ts";
import { capResult, shortened } from "./cap.ts";
import { limitsOf } from "./limits.ts";

type ToolInput = Parameters<StructuredToolInterface["invoke"]>[0];

const bounded = new WeakSet<StructuredToolInterface>();

/**
 * The same tool, whose calls end in time, whose results are of a size that a model can be given, and
 * whose costs are held against the budgets of the run and kept.
 */
export function boundedTool(tool: StructuredToolInterface): StructuredToolInterface {
  if (bounded.has(tool)) return tool;
  return markBounded(
    withInvoke(tool, async (input, config) => {
      const { timeoutMs, resultCharacters: limit } = limitsOf(tool);
      const bill = billOf(tool, config);
      await bill.hold();
      try {
        const given = { input, config: withBill(config, bill), timeoutMs };
        const result = await capResult(await inTime(tool, given), {
          name: tool.name,
          config,
          limit,
        });
        return withReceipt(result, await bill.settle("success"));
      } catch (error) {
        // A tool that asks a human has not failed: it is called again with the answer.
        const isOff = config?.signal?.aborted === true || isGraphBubbleUp(error);
        await bill.settle(isOff ? "cancelled" : "error");
        throw shortened(error, limit);
      }
    }),
  );
}

/** Tells in the message what the call cost. */
function withReceipt(result: unknown, receipt: Receipt | undefined): unknown {
  if (receipt !== undefined && ToolMessage.isInstance(result))
    result.response_metadata = { ...result.response_metadata, kagari: receipt };
  return result;
}

/** Says of a copy of a bounded tool that it is bounded too. */
export function markBounded(tool: StructuredToolInterface): StructuredToolInterface {
  bounded.add(tool);
  return tool;
}

/** A copy of a tool by its prototype, so that a tool of any class keeps its methods and getters. */
export function withInvoke(
  tool: StructuredToolInterface,
  invoke: (input: ToolInput, config?: RunnableConfig) => Promise<unknown>,
): StructuredToolInterface {
  return asTool(Object.create(tool, { invoke: { value: invoke } }));
}

interface TimedCall {
  readonly input: ToolInput;
  readonly config: RunnableConfig;
  readonly timeoutMs: number;
}

/** The tool's signal ends with the run and with its time; a tool that does not heed it is left behind. */
async function inTime(
  tool: StructuredToolInterface,
  { input, config, timeoutMs }: TimedCall,
): Promise<unknown> {
  const outer = config.signal;
  outer?.throwIfAborted();
  const timer = new AbortController();
  const signal = outer === undefined ? timer.signal : AbortSignal.any([outer, timer.signal]);
  const late = new Error(`${tool.name} did not answer within ${timeoutMs / 1000} s.`);
  const timeout = timeoutMs > 0 ? setTimeout(() => timer.abort(late), timeoutMs) : undefined;
  const ended = Promise.withResolvers<never>();
  const end = () => ended.reject(signal.reason instanceof Error ? signal.reason : late);
  signal.addEventListener("abort", end, { once: true });
  try {
    const call = async (): Promise<unknown> => await tool.invoke(input, { ...config, signal });
    return await Promise.race([ended.promise, call()]);
  } catch (error) {
    // The tool may have said in its own words that it was told to stop.
    throw timer.signal.aborted ? late : error;
  } finally {
    clearTimeout(timeout);
    signal.removeEventListener("abort", end);
  }
}

/** `Object.create` cannot say that what it makes has all that its prototype has. */
const asTool = (copy: unknown): StructuredToolInterface => copy as StructuredToolInterface;
