import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import type { ProviderRequest } from "../provider/ask.ts";
import { finishedBody } from "../provider/body.ts";
import { pathUnder } from "../provider/paths.ts";
import { baseUrlOf } from "../transport.ts";
import { warnOnce } from "../warn-once.ts";

/** What is to be ranked, by what. */
export interface RerankWish {
  readonly query: string;
  readonly documents: readonly string[];
  /** How many of the best are wanted; as the file says, else all. */
  readonly topN?: number | undefined;
  /** What the query is for, where the model heeds it. */
  readonly instruct?: string | undefined;
}

/** The request that ranks one batch. */
export function rerankRequest(model: Model, wish: RerankWish): ProviderRequest {
  const { fields, dialect, modelName } = model;
  const { rerank: rules } = dialect;
  const base = baseUrlOf(model);
  const { query, documents } = wish;
  const common = finishedBody(model, {
    model: modelName,
    query,
    documents,
    top_n: Math.min(wish.topN ?? documents.length, documents.length),
    ...(rules?.hasReturnDocuments === true
      ? { return_documents: fields.return_documents ?? false }
      : {}),
    ...instruction(model, wish.instruct ?? fields.instruct),
  });
  return {
    url:
      fields.rerank_path === undefined
        ? (rules?.url?.(base, modelName) ?? `${base}/rerank`)
        : pathUnder(base, fields.rerank_path),
    body: rules?.shape?.(common, modelName) ?? common,
  };
}

function instruction(model: Model, instruct: string | undefined): Body {
  const field = model.dialect.rerank?.instructField;
  if (instruct === undefined) return {};
  if (field !== undefined) return { [field]: instruct };
  warnOnce(model, `instruct is not sent: ${model.dialect.name} knows no field for it`);
  return {};
}
