import { tool } from "@langchain/core/tools";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { z } from "zod";
import { withImplicitConfig } from "../models/call.ts";
import { knowledge } from "../models/knowledge/retriever.ts";
import type { Means } from "./means.ts";

const metadataSchema = z.looseObject({
  source: z.string(),
  first_line: z.number().nullish(),
  last_line: z.number().nullish(),
});

/** Finds passages in the owner's documents; the run's context says in which collection. */
export const searchKnowledgeTool = () =>
  tool(
    async ({ query }, config: LangGraphRunnableConfig) => {
      const found = await knowledge(collectionOf(config)).invoke(query, config);
      if (found.length === 0) return "The documents have nothing about this.";
      return found
        .map(({ pageContent, metadata }, index) => {
          const { source, first_line: first, last_line: last } = metadataSchema.parse(metadata);
          const lines = first == null ? "" : `, lines ${first}-${last ?? first}`;
          return `[${index + 1}] ${source}${lines}:\n${pageContent}`;
        })
        .join("\n\n");
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
