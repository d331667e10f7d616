import { tool } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { deleteMemories, saveMemory, searchMemories } from "../memory/memories.ts";

/** Keeps a fact about the user beyond the thread. */
export const saveMemoryTool = () =>
  tool(
    async ({ text }, config: LangGraphRunnableConfig) =>
      `Remembered as ${(await saveMemory(text, config)).id}.`,
    {
      name: "save_memory",
      description:
        "Keeps one lasting fact about the user for later conversations. Use it when the user asks to remember something, or tells a name, a preference or a plan that will matter again.",
      schema: z.object({
        text: z.string().min(1).max(1000).describe("The fact, in one sentence."),
      }),
    },
  );

/** Finds facts about the user. */
export const searchMemoryTool = () =>
  tool(
    async ({ query }, config: LangGraphRunnableConfig) => {
      const found = await searchMemories(query ?? undefined, config);
      if (found.length === 0) return "Nothing is remembered.";
      return found.map(({ id, text }) => `${id}: ${text}`).join("\n");
    },
    {
      name: "search_memory",
      description:
        "Lists the facts that are remembered about the user, each with its id. Use it when the user asks what is remembered, and before something is to be forgotten.",
      schema: z.object({
        query: z.string().nullish().describe("What to look for; left out for the newest facts."),
      }),
    },
  );

/** Forgets facts about the user. */
export const deleteMemoryTool = () =>
  tool(
    async ({ ids }, config: LangGraphRunnableConfig) => {
      await deleteMemories(ids, config);
      return `Forgotten: ${ids.join(", ")}.`;
    },
    {
      name: "delete_memory",
      description: "Forgets facts about the user, when the user asks for it.",
      schema: z.object({
        ids: z.array(z.string()).min(1).describe("Ids that search_memory showed."),
      }),
    },
  );
