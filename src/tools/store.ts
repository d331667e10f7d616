import { tool } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { storeOf, userLabel } from "../memory/memories.ts";

const MAX_FOUND = 20;

/** Notes are apart from memories, which are told to the model by themselves. */
const namespaceOf = (config: LangGraphRunnableConfig): string[] => ["notes", userLabel(config)];

const key = z.string().min(1).max(200).describe("The name of the note.");

/** Keeps a note of the user's under a name. */
export const storePutTool = () =>
  tool(
    async ({ key: name, text }, config: LangGraphRunnableConfig) => {
      await storeOf(config).put(namespaceOf(config), name, { text });
      return `Kept as ${name}.`;
    },
    {
      name: "store_put",
      description:
        "Keeps a text under a name for later conversations; one of the same name is replaced.",
      schema: z.object({ key, text: z.string().max(20_000).describe("What to keep.") }),
    },
  );

/** Reads a note of the user's. */
export const storeGetTool = () =>
  tool(
    async ({ key: name }, config: LangGraphRunnableConfig) => {
      const item = await storeOf(config).get(namespaceOf(config), name);
      return item ? textOf(item.value) : `Nothing is kept as ${name}.`;
    },
    {
      name: "store_get",
      description: "Reads a text that was kept under a name.",
      schema: z.object({ key }),
    },
  );

/** Finds notes of the user's. */
export const storeSearchTool = () =>
  tool(
    async ({ query }, config: LangGraphRunnableConfig) => {
      const wanted = query == null ? {} : { query };
      const found = await storeOf(config).search(namespaceOf(config), {
        ...wanted,
        limit: MAX_FOUND,
      });
      if (found.length === 0) return "Nothing is kept.";
      return found.map((item) => `${item.key}: ${textOf(item.value)}`).join("\n");
    },
    {
      name: "store_search",
      description: "Finds texts that were kept, each with its name.",
      schema: z.object({
        query: z.string().nullish().describe("What to look for; left out for the newest."),
      }),
    },
  );

function textOf(value: Record<string, unknown>): string {
  const { text } = value;
  return typeof text === "string" ? text : JSON.stringify(value);
}
