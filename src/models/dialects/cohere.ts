import { plainDialect, type Body, type Dialect } from "./dialect.ts";
import type { EmbeddingPurpose } from "./other-rules.ts";

/** Cohere's own API, version 2; its models that chat are reached by its compatible API. */
export const cohere: Dialect = {
  ...plainDialect("cohere", "USD", ["api.cohere.com", "api.cohere.ai"]),
  hasChat: false,
  image: undefined,
  embedding: {
    batchSize: () => 96,
    url: (base) => `${versionTwo(base)}/embed`,
    shape: embedBody,
  },
  rerank: { maxDocuments: 1000, url: (base) => `${versionTwo(base)}/rerank` },
};

const versionTwo = (base: string): string => base.replace(/\/v\d$/, "") + "/v2";

function embedBody({ model, input, dimensions }: Body, purpose: EmbeddingPurpose): Body {
  return {
    model,
    texts: input,
    input_type: purpose === "query" ? "search_query" : "search_document",
    embedding_types: ["float"],
    ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
  };
}
