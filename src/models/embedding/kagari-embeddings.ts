import { Embeddings } from "@langchain/core/embeddings";
import { graphAsk, type GraphCall } from "../graph-ask.ts";
import { embedTexts } from "./embed.ts";

/**
 * LangChain's Embeddings for graphs, over an embedding model of `config/models`: the one named, else
 * the first that can be called.
 */
export const embeddings = (id?: string): KagariEmbeddings => new KagariEmbeddings(id);

/** See `embeddings`. */
export class KagariEmbeddings extends Embeddings {
  readonly #id: string | undefined;

  constructor(id?: string) {
    // One attempt: the retries are those of the model file.
    super({ maxRetries: 0 });
    this.#id = id;
  }

  /** Vectors in the order of the documents. */
  override async embedDocuments(documents: string[], call?: GraphCall): Promise<number[][]> {
    const { vectors } = await embedTexts(graphAsk("embedding", this.#id, call), documents);
    return vectors;
  }

  /** The vector of a question. */
  override async embedQuery(query: string, call?: GraphCall): Promise<number[]> {
    const ask = graphAsk("embedding", this.#id, call);
    const { vectors } = await embedTexts(ask, [query], { purpose: "query" });
    return vectors[0] ?? [];
  }
}
