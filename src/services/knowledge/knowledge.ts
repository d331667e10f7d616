import type { Context } from "../../context.ts";
import { AppError, NotFoundError } from "../../core/errors.ts";
import { itemOwner } from "../../domain/item.ts";
import type { KnowledgeDocument, KnowledgeFound, KnowledgeSearch } from "../../domain/knowledge.ts";
import type { SearchModels } from "../../knowledge/port.ts";
import { allowed } from "../access.ts";

/** Whose knowledge a request is about. */
export async function knowledgeOwner(ctx: Context, event: string, value: object): Promise<string> {
  const filter = await allowed(ctx, event, { ...value });
  const owner = itemOwner(ctx.actor.user);
  if (filter === undefined || owner !== "") return owner;
  throw new AppError(
    "forbidden",
    `The auth handler of ${event} answered a filter, but knowledge has no metadata`,
  );
}

/** The models of the server, paid for by whoever asks. */
export function knowledgeModels({ modelCalls, actor }: Context, signal: AbortSignal): SearchModels {
  const asked = (model?: string) => ({ model, actor, signal });
  return {
    embed: (texts, purpose) => modelCalls.embed(asked(), texts, { purpose }),
    rerank: async (wish, model) => (await modelCalls.rerank(asked(model), wish)).results,
    isReranked: modelCalls.hasReranker(),
  };
}

export async function searchKnowledge(
  ctx: Context,
  search: KnowledgeSearch,
  signal: AbortSignal,
): Promise<KnowledgeFound> {
  const owner = await knowledgeOwner(ctx, "knowledge:search", search);
  return ctx.knowledge.search(owner, search, knowledgeModels(ctx, signal));
}

export async function listCollections(ctx: Context): Promise<string[]> {
  return ctx.knowledge.collections(await knowledgeOwner(ctx, "knowledge:search", {}));
}

export async function listDocuments(
  ctx: Context,
  query: { collection: string; limit: number; offset: number },
): Promise<KnowledgeDocument[]> {
  return ctx.knowledge.documents(await knowledgeOwner(ctx, "knowledge:search", query), query);
}

export async function deleteDocument(
  ctx: Context,
  address: { collection: string; document_id: string },
): Promise<void> {
  const owner = await knowledgeOwner(ctx, "knowledge:delete", address);
  if (!(await ctx.knowledge.deleteDocument(owner, address)))
    throw new NotFoundError("Document", address.document_id);
}

export async function deleteCollection(
  ctx: Context,
  { collection }: { collection: string },
): Promise<void> {
  const owner = await knowledgeOwner(ctx, "knowledge:delete", { collection });
  if (!(await ctx.knowledge.deleteCollection(owner, collection)))
    throw new NotFoundError("Collection", collection);
}
