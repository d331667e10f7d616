import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { currentRuntime } from "../models/runtime.ts";
import { SEARCH_KEYS, type WebSearch } from "../config/web-search.ts";
import type { Means } from "./means.ts";

const RESULTS = 8;

/** Searches the web by the provider whose key is set. */
export const webSearchTool = () =>
  tool(async ({ query }) => await search(query, currentRuntime().tools?.webSearch), {
    name: "web_search",
    description:
      "Searches the web for what is newer or more special than what you know. Gives titles, addresses and excerpts.",
    schema: z.object({ query: z.string().min(1).max(400).describe("What to look for.") }),
  });

/** What web_search needs and has not. */
export const webSearchLacks = ({ tools }: Means): string | undefined =>
  tools?.webSearch === undefined
    ? `none of ${Object.values(SEARCH_KEYS).join(", ")} is set`
    : undefined;

/** LangChain's own classes ask, each loaded only where it is used. */
async function search(query: string, by: WebSearch | undefined): Promise<string> {
  if (by?.provider === "tavily") {
    const { TavilySearchAPIRetriever } =
      await import("@langchain/community/retrievers/tavily_search_api");
    const found = await new TavilySearchAPIRetriever({ apiKey: by.secret, k: RESULTS }).invoke(
      query,
    );
    const results = found.map(({ pageContent: snippet, metadata }) => ({
      title: metadata["title"] as unknown,
      link: metadata["source"] as unknown,
      snippet,
    }));
    return JSON.stringify(results);
  }
  if (by?.provider === "brave") {
    const { BraveSearch } = await import("@langchain/community/tools/brave_search");
    return await new BraveSearch({ apiKey: by.secret }).invoke(query);
  }
  if (by?.provider === "searxng") {
    const { SearxngSearch } = await import("@langchain/community/tools/searxng_search");
    const params = { format: "json" as const, numResults: RESULTS };
    const apiBase = by.secret.replace(/\/+$/, "");
    return await new SearxngSearch({ apiBase, params, headers: {} }).invoke(query);
  }
  throw new Error("No provider of web search is configured.");
}
