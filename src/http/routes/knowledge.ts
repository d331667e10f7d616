import { noContent } from "../no-content.ts";
import { z } from "zod";
import { collectionName, KnowledgeOptions, sourceName } from "../../domain/knowledge.ts";
import {
  deleteCollection,
  deleteDocument,
  listCollections,
  listDocuments,
  searchKnowledge,
} from "../../services/knowledge/knowledge.ts";
import { ingestDocument } from "../../services/knowledge/ingest.ts";
import { keepFile } from "../keep-file.ts";
import { type Route, route } from "../route.ts";
import { absent, jsonObject, slice, wholeNumber } from "../schemas.ts";
import { listOf } from "../answers/parts.ts";
import { documents, found, ingested } from "../answers/operations.ts";

const params = z.object({ collection: collectionName });
const documentParams = params.extend({ document_id: z.string().regex(/^[0-9a-f]{32}$/) });

const document = z
  .object({
    source: sourceName,
    text: absent(z.string().min(1)),
    data: absent(z.base64().min(1)).describe("its bytes in base64, in place of the text"),
    content_type: absent(z.string().max(200)),
    metadata: absent(jsonObject),
    force: absent(z.boolean()),
  })
  .refine(({ text, data }) => (text === undefined) !== (data === undefined), "give text or data");
const fileQuery = z.object({
  source: sourceName.optional().describe("names the document that the body is, whatever its kind"),
  force: z.stringbool().optional(),
});
const options = KnowledgeOptions.shape;
const search = z.object({
  query: z.string().min(1).max(10_000),
  limit: wholeNumber(1, 100).default(5),
  fusion: absent(options.fusion),
  weights: absent(options.weights),
  filter: absent(options.filter),
  rerank: absent(options.rerank),
});

const uploadOf = ({ text, data, ...about }: z.output<typeof document>) => ({
  ...about,
  content: text ?? Buffer.from(data ?? "", "base64"),
});

export const knowledgeRoutes: Route[] = [
  route({
    method: "get",
    path: "/knowledge",
    summary: "The names of the caller's collections of documents",
    auth: "knowledge:search",
    response: z.object({ collections: listOf(z.string()) }),
    handle: async ({ ctx }) => Response.json({ collections: await listCollections(ctx) }),
  }),
  route({
    method: "put",
    path: "/knowledge/:collection/documents",
    summary: "Keeps a document in place of the one of the same source; an unchanged one is left",
    auth: "knowledge:create",
    spends: true,
    params,
    query: fileQuery,
    body: document,
    takesFile: true,
    response: [ingested, "events"],
    handle: async (request) => {
      const {
        ctx,
        params: { collection },
        body,
        file,
        signal,
      } = request;
      if (file) return keepFile(request, file);
      return Response.json(await ingestDocument(ctx, { ...uploadOf(body), collection }, signal));
    },
  }),
  route({
    method: "get",
    path: "/knowledge/:collection/documents",
    summary: "The documents of a collection, last changed first",
    auth: "knowledge:search",
    params,
    query: z.object(slice),
    response: documents,
    handle: async ({ ctx, params: { collection }, query }) =>
      Response.json({ documents: await listDocuments(ctx, { ...query, collection }) }),
  }),
  route({
    method: "post",
    path: "/knowledge/:collection/search",
    summary: "Passages by words and meaning, best first, with their places in the documents",
    auth: "knowledge:search",
    spends: true,
    params,
    body: search,
    response: found,
    handle: async ({ ctx, params: { collection }, body, signal }) =>
      Response.json(await searchKnowledge(ctx, { ...body, collection }, signal)),
  }),
  route({
    method: "delete",
    path: "/knowledge/:collection/documents/:document_id",
    summary: "Deletes a document with its chunks",
    auth: "knowledge:delete",
    params: documentParams,
    response: "nothing",
    handle: async ({ ctx, params: address }) => {
      await deleteDocument(ctx, address);
      return noContent();
    },
  }),
  route({
    method: "delete",
    path: "/knowledge/:collection",
    summary: "Deletes a collection with all of its documents",
    auth: "knowledge:delete",
    params,
    response: "nothing",
    handle: async ({ ctx, params: address }) => {
      await deleteCollection(ctx, address);
      return noContent();
    },
  }),
];
