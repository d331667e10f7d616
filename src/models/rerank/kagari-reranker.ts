import type { DocumentInterface } from "@langchain/core/documents";
import { BaseDocumentCompressor } from "@langchain/core/retrievers/document_compressors";
import { graphAsk, type GraphCall } from "../graph-ask.ts";
import { rerankDocuments, type Ranked } from "./rerank.ts";

/** What may be asked of one ranking. */
export interface RerankOptions extends GraphCall {
  /** How many of the best are wanted; as the model file says, else all. */
  readonly topN?: number | undefined;
  /** What the query is for, where the model heeds it. */
  readonly instruct?: string | undefined;
}

/**
 * LangChain's document compressor for graphs, over a rerank model of `config/models`: the one named,
 * else the first that can be called.
 */
export const reranker = (
  id?: string,
  defaults: Omit<RerankOptions, keyof GraphCall> = {},
): KagariReranker => new KagariReranker(id, defaults);

/** See `reranker`. */
export class KagariReranker extends BaseDocumentCompressor {
  readonly #id: string | undefined;
  readonly #defaults: RerankOptions;

  constructor(id?: string, defaults: RerankOptions = {}) {
    super();
    this.#id = id;
    this.#defaults = defaults;
  }

  /** The documents that fit best, the best first, each with its `relevanceScore` in the metadata. */
  async compressDocuments(
    documents: DocumentInterface[],
    query: string,
  ): Promise<DocumentInterface[]> {
    const texts = documents.map(({ pageContent }) => pageContent);
    const ranked = await this.rerank(query, texts);
    return ranked.flatMap(({ index, score }) => {
      const document = documents[index];
      if (document === undefined) return [];
      return [{ ...document, metadata: { ...document.metadata, relevanceScore: score } }];
    });
  }

  /** Places and scores of the texts that fit best, the best first. */
  async rerank(
    query: string,
    documents: readonly string[],
    options: RerankOptions = {},
  ): Promise<Ranked[]> {
    const { topN, instruct, ...call } = { ...this.#defaults, ...options };
    const ask = graphAsk("rerank", this.#id, call);
    return (await rerankDocuments(ask, { query, documents, topN, instruct })).results;
  }
}
