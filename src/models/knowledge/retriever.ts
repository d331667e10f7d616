import { Document } from "@langchain/core/documents";
import { BaseRetriever } from "@langchain/core/retrievers";
import { AppError } from "../../core/errors.ts";
import { originOf } from "../call.ts";
import { embedTexts } from "../embedding/embed.ts";
import { graphAsk } from "../graph-ask.ts";
import { currentRuntime } from "../runtime.ts";

/** LangChain's retriever over a collection of the run's owner; each document says its source and lines. */
export const knowledge = (collection: string, limit = 5): KnowledgeRetriever =>
  new KnowledgeRetriever(collection, limit);

/** See `knowledge`. */
export class KnowledgeRetriever extends BaseRetriever {
  override lc_namespace = ["kagari", "retrievers"];
  readonly #collection: string;
  readonly #limit: number;

  constructor(collection: string, limit: number) {
    super();
    this.#collection = collection;
    this.#limit = limit;
  }

  override async _getRelevantDocuments(query: string): Promise<Document[]> {
    const { knowledge: base } = currentRuntime();
    if (base === undefined)
      throw new AppError("config", "Knowledge is kept by a server: run the graph in one");
    const { owner, keyId } = originOf(undefined);
    const search = { collection: this.#collection, query, limit: this.#limit };
    const ofOwner = keyId === undefined ? "" : (owner ?? "");
    const { passages } = await base.search(ofOwner, search, async (texts, purpose) => {
      const ask = graphAsk("embedding", undefined);
      return { ...(await embedTexts(ask, texts, { purpose })), model: ask.model.id };
    });
    return passages.map(({ text, ...metadata }) => new Document({ pageContent: text, metadata }));
  }
}
