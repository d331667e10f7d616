import { Document, type DocumentInput } from "@langchain/core/documents";
import { BaseRetriever } from "@langchain/core/retrievers";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import {
  type KnowledgeFound,
  KnowledgeOptions,
  type KnowledgeSearch,
} from "../../domain/knowledge.ts";
import type { Knowledge, SearchModels } from "../../knowledge/port.ts";
import { textContent } from "../../knowledge/text-content.ts";
import { originOf } from "../call.ts";
import { embedTexts } from "../embedding/embed.ts";
import { graphAsk } from "../graph-ask.ts";
import { rerankDocuments } from "../rerank/rerank.ts";
import { currentRuntime } from "../runtime.ts";

type KnowledgeWish = Partial<z.input<typeof KnowledgeOptions>>;

/** LangChain's retriever over a collection of the run's owner; each document says its source and lines. */
export const knowledge = (collection: string, options: KnowledgeWish = {}): KnowledgeRetriever =>
  new KnowledgeRetriever(collection, options);

/** See `knowledge`. */
export class KnowledgeRetriever extends BaseRetriever {
  override lc_namespace = ["kagari", "retrievers"];
  readonly #search: Omit<KnowledgeSearch, "query">;

  constructor(collection: string, options: KnowledgeWish) {
    super();
    this.#search = { ...KnowledgeOptions.parse(options), collection };
  }

  /** What was found, the best first, and why some of it may be missing. */
  async search(query: string): Promise<KnowledgeFound> {
    return baseNow().search(ownerOfRun(), { ...this.#search, query }, modelsOfRun());
  }

  /**
   * Keeps documents in the collection, each in place of the one of the same `source` of its metadata;
   * in a plain script, as long as that runs.
   */
  async addDocuments(documents: readonly DocumentInput[]): Promise<void> {
    const { embed } = modelsOfRun();
    for (const { pageContent: text, metadata } of documents) {
      const { source, ...more } = documentMetadata.parse(metadata ?? {});
      const about = { collection: this.#search.collection, source, metadata: more };
      await baseNow().ingest(ownerOfRun(), { ...about, ...textContent(text) }, embed);
    }
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

const documentMetadata = z.object({ source: z.string().min(1) }).catchall(z.json());

function baseNow(): Knowledge {
  const { knowledge: base } = currentRuntime();
  if (base === undefined) throw new AppError("config", "No documents are kept here");
  return base;
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
