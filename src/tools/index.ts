import type { StructuredToolInterface } from "@langchain/core/tools";
import { AppError } from "../core/errors.ts";
import { currentRuntime } from "../models/runtime.ts";
import type { Means } from "./means.ts";
import { didYouMean } from "../config/spelling.ts";
import { mcpOffer } from "./mcp/wanted.ts";
import { calculator } from "./calculator.ts";
import { clock } from "./clock.ts";
import { generateImageTool, imageModelLacks } from "./generate-image.ts";
import { httpGetTool } from "./http-get.ts";
import { knowledgeLacks, searchKnowledgeTool } from "./search-knowledge.ts";
import { storeGetTool, storePutTool, storeSearchTool } from "./store.ts";
import { webSearchLacks, webSearchTool } from "./web-search.ts";
import { deleteMemoryTool, saveMemoryTool, searchMemoryTool } from "./memory.ts";
import { onceTool } from "./once.ts";
import { boundedTool } from "./bounded.ts";
import { readResultTool } from "./read-result.ts";

interface BuiltIn {
  readonly make: () => StructuredToolInterface;
  /** What a server would need to offer it; undefined where nothing is missing. */
  readonly lacks?: (means: Means) => string | undefined;
}

/** One whose calls change something outside is made by `onceTool`; the others only tell. */
const TOOLS: ReadonlyMap<string, BuiltIn> = new Map<string, BuiltIn>([
  ["clock", { make: clock }],
  ["calculator", { make: calculator }],
  ["save_memory", { make: () => onceTool(saveMemoryTool()) }],
  ["search_memory", { make: searchMemoryTool }],
  ["delete_memory", { make: () => onceTool(deleteMemoryTool()) }],
  ["read_result", { make: readResultTool }],
  ["http_get", { make: httpGetTool }],
  ["web_search", { make: webSearchTool, lacks: webSearchLacks }],
  ["search_knowledge", { make: searchKnowledgeTool, lacks: knowledgeLacks }],
  ["generate_image", { make: () => onceTool(generateImageTool()), lacks: imageModelLacks }],
  ["store_put", { make: () => onceTool(storePutTool()) }],
  ["store_get", { make: storeGetTool }],
  ["store_search", { make: storeSearchTool }],
]);

/**
 * Tools for a graph: those of the names given, and a graph's own, whose finished calls are then not
 * made again after a crash. Throws "validation" for an unknown name, naming the nearest.
 */
export function tools(...wanted: (string | StructuredToolInterface)[]): StructuredToolInterface[] {
  return [...new Set(wanted)].map((one) =>
    typeof one === "string" ? makeTool(one) : onceTool(one),
  );
}

/** What a run may use of the tools that it asked for. */
export interface Offered {
  readonly tools: StructuredToolInterface[];
  /** What it may not, each with the reason, for the model and the user to know. */
  readonly missing: string[];
}

/**
 * As `tools`, and takes those of MCP servers: `mcp:name` for all of a server, `mcp:*` for all of all,
 * `name__tool` for one. What cannot be had now is told in `missing`, and the graph goes on without it.
 */
export async function offeredTools(
  ...wanted: (string | StructuredToolInterface)[]
): Promise<Offered> {
  const offers = await Promise.all([...new Set(wanted)].map(offerOf));
  const byName = new Map(offers.flatMap(({ tools: some }) => some).map((one) => [one.name, one]));
  return {
    tools: [...byName.values()],
    missing: [...new Set(offers.flatMap(({ missing }) => missing))],
  };
}

async function offerOf(wanted: string | StructuredToolInterface): Promise<Offered> {
  if (typeof wanted !== "string") return { tools: tools(wanted), missing: [] };
  const ofServers = await mcpOffer(wanted);
  if (ofServers !== undefined) return ofServers;
  const lack = TOOLS.get(wanted)?.lacks?.(currentRuntime());
  return lack === undefined
    ? { tools: tools(wanted), missing: [] }
    : { tools: [], missing: [`${wanted}: ${lack}.`] };
}

/** The tools that come with the server, and what those lack that it cannot offer now. */
export const builtInTools = (
  means: Means,
): { tool: StructuredToolInterface; lack: string | undefined }[] =>
  [...TOOLS.values()].map(({ make, lacks }) => ({ tool: make(), lack: lacks?.(means) }));

function makeTool(name: string): StructuredToolInterface {
  const known = TOOLS.get(name);
  if (known) return boundedTool(known.make());
  const hint = didYouMean(name, TOOLS.keys());
  throw new AppError("validation", `Unknown tool ${JSON.stringify(name.slice(0, 200))}${hint}`);
}
