import { plainDialect, type Dialect } from "./dialect.ts";

/** Jina's search models; it has no chat on this address. */
export const jina: Dialect = {
  ...plainDialect("jina", "USD", ["api.jina.ai"]),
  hasChat: false,
  image: undefined,
  embedding: {
    batchSize: () => 128,
    drop: ["encoding_format", "user"],
  },
  rerank: { maxDocuments: 2048, hasReturnDocuments: true },
};
