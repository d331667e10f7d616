import { Document } from "@langchain/core/documents";
import { BaseRetriever } from "@langchain/core/retrievers";
import { AppError } from "../../core/errors.ts";
import type { KnowledgeFound, KnowledgeSearch } from "../../domain/knowledge.ts";
import type { SearchModels } from "../../knowledge/port.ts";
import { originOf } from "../call.ts";
import { embedTexts } from "../embedding/embed.ts";
import { graphAsk } from "../graph-ask.ts";
import { rerankDocuments } from "../rerank/rerank.ts";
import { currentRuntime } from "../runtime.ts";

/** How a collection is searched: what the HTTP API takes, with 5 passages where not given. */
export type KnowledgeOptions = Partial<Omit<KnowledgeSearch, "collection" | "query">>;

/** LangChain's retriever over a collection of the run's owner; each document says its source and lines. */
export const knowledge = (collection: string, options: KnowledgeOptions = {}): KnowledgeRetriever =>
  new KnowledgeRetriever(collection, options);

/** See `knowledge`. */
export class KnowledgeRetriever extends BaseRetriever {
  override lc_namespace = ["kagari", "retrievers"];
  readonly #search: Omit<KnowledgeSearch, "query">;

  constructor(collection: string, options: KnowledgeOptions) {
    super();
    this.#search = { limit: 5, ...options, collection };
  }

  /** What was found, the best first, and why some of it may be missing. */
  async search(query: string): Promise<KnowledgeFound> {
    const { knowledge: base } = currentRuntime();
    if (base === undefined)
      throw new AppError("config", "Knowledge is kept by a server: run the graph in one");
    return base.search(ownerOfRun(), { ...this.#search, query }, modelsOfRun());
  }

  /** As `search`; a warning is in the metadata of each document. */
  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    const { passages, warning } = await this.search(query);
    const more = warning === undefined ? {} : { warning };
    return passages.map(
      ({ text, metadata, ...place }) =>
        new Document({ pageContent: text, metadata: { ...metadata, ...place, ...more } }),
    );
  }
}

function ownerOfRun(): string {
  const { owner, keyId } = originOf(undefined);
  return keyId === undefined ? "" : (owner ?? "");
}

/** Models that are billed to the running run. */
const modelsOfRun = (): SearchModels => ({
  embed: async (texts, purpose) => {
    const ask = graphAsk("embedding", undefined);
    return { ...(await embedTexts(ask, texts, { purpose })), model: ask.model.id };
  },
  rerank: async (wish, model) => (await rerankDocuments(graphAsk("rerank", model), wish)).results,
  isReranked: currentRuntime().models.hasOwn("rerank"),
});
