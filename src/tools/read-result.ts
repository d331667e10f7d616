import type { BaseMessage } from "@langchain/core/messages";
import { type StructuredToolInterface, tool } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { userOf } from "../models/call.ts";
import { currentRuntime } from "../models/runtime.ts";
import { headOf, isKeptElsewhere } from "./cap.ts";
import { serverLimits } from "./limits.ts";

const READABLE = /^(?:text\/|application\/json)/;

const schema = z.object({
  id: z.string().max(100).describe("The id of the file that the result is kept as."),
  offset: z.int().nonnegative().nullish().describe("The character to begin at; 0 when left out."),
});

/** Reads on in a result that was too long to be given whole. */
export const readResultTool = () =>
  Object.assign(
    tool(
      async ({ id, offset }, config: LangGraphRunnableConfig) =>
        pageOf(await textOf(id, config), offset ?? 0),
      {
        name: "read_result",
        description: "Reads on in a tool's result that was too long to be given whole.",
        schema,
      },
    ),
    // A page has the length that a result may have, and a note beside it.
    { metadata: { result_characters: Number.MAX_SAFE_INTEGER } },
  );

/** read_result where a conversation has a result that is kept elsewhere. */
export const resultTools = (messages: readonly BaseMessage[]): StructuredToolInterface[] =>
  messages.some(isKeptElsewhere) ? [readResultTool()] : [];

async function textOf(id: string, config: LangGraphRunnableConfig): Promise<string> {
  const file = await currentRuntime().files.readFor(id, userOf(config));
  if (file === undefined) throw new Error(`There is no result with the id ${id}.`);
  if (!READABLE.test(file.contentType)) throw new Error(`${id} is no text: ${file.contentType}`);
  return Buffer.from(file.bytes).toString("utf8");
}

function pageOf(text: string, offset: number): string {
  if (offset >= text.length) return `[The result ends at character ${text.length}.]`;
  const page = headOf(text.slice(offset), serverLimits().resultCharacters);
  const end = offset + page.length;
  const rest = end < text.length ? `Go on at offset ${end}.` : "This is its end.";
  return `${page}\n[Characters ${offset} to ${end} of ${text.length}. ${rest}]`;
}
