import { unitVector } from "../core/unit-vector.ts";
import { basename } from "node:path";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { LanggraphFile, StoreConfig } from "../config/langgraph-file.ts";
import type { ModuleExport } from "../config/module-export.ts";
import { AppError, ConfigError, reasonOf, UpstreamError } from "../core/errors.ts";
import type { ModelRegistry } from "../models/registry.ts";
import type { Embedder } from "../store/port.ts";

type Index = NonNullable<StoreConfig["index"]>;
type Embed = (texts: string[], purpose: "document" | "query") => Promise<readonly number[][]>;

interface EmbeddingsLike {
  embedDocuments(texts: string[]): Promise<number[][]>;
  embedQuery(text: string): Promise<number[]>;
}

/** Recognised by shape, since it may come with its own copy of LangChain. */
const isEmbeddings = (value: unknown): value is EmbeddingsLike =>
  typeof value === "object" &&
  value !== null &&
  "embedDocuments" in value &&
  typeof value.embedDocuments === "function" &&
  "embedQuery" in value &&
  typeof value.embedQuery === "function";

/** What makes the vectors of the store, if langgraph.json wants any; ConfigError for a model that cannot. */
export function embedderOf(
  { path, store }: LanggraphFile,
  models: ModelRegistry,
): Embedder | undefined {
  const { index } = store;
  if (index === undefined) return undefined;
  try {
    if (typeof index.embed === "string") models.requireType(index.embed, "embedding");
    return storeEmbedder(index);
  } catch (error) {
    throw new ConfigError(`${path}: store.index.embed: ${reasonOf(error)}`, { cause: error });
  }
}

/** Loaded at its first use. */
function storeEmbedder({ dims, embed }: Index): Embedder {
  const name = typeof embed === "string" ? embed : `${basename(embed.file)}:${embed.exportName}`;
  if (typeof embed !== "string" && !existsSync(embed.file))
    throw new ConfigError(`${embed.file} does not exist`);
  let loading: Promise<Embed> | undefined;
  const load = async () => (typeof embed === "string" ? modelEmbed(embed) : moduleEmbed(embed));
  return {
    space: `${name} ${dims}`,
    embed: async (texts, purpose) => {
      const vectors = await callable(async () => {
        loading ??= load();
        return (await loading)([...texts], purpose);
      }, name);
      return texts.map((_, at) => sized(vectors[at] ?? [], { dims, name }));
    },
  };
}

/** A model that cannot be called now is no outage of the database, after which runs begin anew. */
async function callable<T>(work: () => Promise<T>, name: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "unavailable") throw error;
    const message = `The index of the store (${name}) cannot be used: ${error.message}`;
    throw new UpstreamError(message, { retryable: true, cause: error });
  }
}

async function modelEmbed(id: string): Promise<Embed> {
  const { embeddings } = await import("../models/embedding/kagari-embeddings.ts");
  return embedOf(embeddings(id));
}

const embedOf =
  (embeddings: EmbeddingsLike): Embed =>
  async (texts, purpose) =>
    purpose === "document"
      ? embeddings.embedDocuments(texts)
      : Promise.all(texts.map((text) => embeddings.embedQuery(text)));

async function moduleEmbed({ file, exportName }: ModuleExport): Promise<Embed> {
  const bad = (why: string, cause?: unknown) =>
    new ConfigError(`store.index.embed: ${file} ${why}`, { cause });
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    throw bad(`failed on import: ${reasonOf(error)}`, error);
  }
  const value = module[exportName];
  if (isEmbeddings(value)) return embedOf(value);
  if (typeof value !== "function")
    throw bad(
      `has at ${JSON.stringify(exportName)} neither a function from texts to vectors nor Embeddings of LangChain`,
    );
  return async (texts) => Array.from(await value(texts), (vector: Iterable<number>) => [...vector]);
}

function sized(
  vector: readonly number[],
  { dims, name }: { dims: number; name: string },
): Float32Array {
  if (vector.length !== dims)
    throw new ConfigError(
      `store.index.dims is ${dims}, but ${name} makes vectors of ${vector.length} numbers`,
    );
  return unitVector(vector);
}
