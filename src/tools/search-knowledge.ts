import { tool } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { withImplicitConfig } from "../models/call.ts";
import { passageText } from "../models/knowledge/passage.ts";
import { knowledge } from "../models/knowledge/retriever.ts";
import type { Means } from "./means.ts";

/** Finds passages in the owner's documents; the run's context says in which collection. */
export const searchKnowledgeTool = () =>
  tool(
    async ({ query }, config: LangGraphRunnableConfig) => {
      const { passages, warning } = await knowledge(collectionOf(config)).search(query);
      const found = passages.map((it, index) => passageText({ ...it, number: index + 1 }));
      const told = warning === undefined ? found : [warning, ...found];
      return told.join("\n\n") || "The documents have nothing about this.";
    },
    {
      name: "search_knowledge",
      description:
        "Finds passages in the documents that the user keeps here, each with its source. Cite the sources of what you use.",
      schema: z.object({ query: z.string().min(1).max(1000).describe("What to look for.") }),
    },
  );

/** What search_knowledge needs and has not. */
export const knowledgeLacks = ({ knowledge: base }: Means): string | undefined =>
  base === undefined ? "documents are kept by Kagari's server" : undefined;

function collectionOf(config: LangGraphRunnableConfig): string {
  const { context, configurable } = withImplicitConfig(config);
  const named = [context["collection"], configurable["collection"]];
  return named.find((name) => typeof name === "string") ?? "default";
}
