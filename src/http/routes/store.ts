import { noContent } from "../no-content.ts";
import { isoTime } from "../../core/iso-time.ts";
import { z } from "zod";
import type { FoundItem, Item } from "../../domain/item.ts";
import {
  deleteItem,
  getItem,
  listNamespaces,
  putItem,
  searchItems,
} from "../../services/store/items.ts";
import { type Route, route } from "../route.ts";
import { absent, jsonObject, wholeNumber } from "../schemas.ts";

const MAX_MINUTES = 10 * 366 * 24 * 60;

const label = z
  .string()
  .min(1, "a label is not empty")
  .refine((text) => !text.includes("."), "a label has no dot");
const labels = z.array(label);
const pattern = absent(labels);
const address = z.object({ namespace: labels.min(1), key: z.string() });

/** In a query the labels come with dots between them, or one by one. */
const dottedLabels = z
  .union([z.string(), z.array(z.string())])
  .default([])
  .transform((text) => (typeof text === "string" ? text.split(".") : text))
  .pipe(labels);

const queryFlag = z
  .enum(["true", "false", "1", "0"])
  .optional()
  .transform((text) => (text === undefined ? undefined : text === "true" || text === "1"));

const put = address.extend({
  value: jsonObject,
  index: absent(z.union([z.literal(false), z.array(z.string().min(1)).max(50)])),
  // Null is an answer of its own here: for ever.
  ttl: z.number().positive().max(MAX_MINUTES).nullable().optional(),
});
const get = z.object({ namespace: dottedLabels, key: z.string(), refresh_ttl: queryFlag });
const search = z.object({
  namespace_prefix: pattern,
  filter: absent(jsonObject),
  query: absent(z.string().max(10_000)),
  limit: wholeNumber(1, 1000).default(10),
  offset: wholeNumber(0, 1_000_000).default(0),
  refresh_ttl: absent(z.boolean()),
});
const namespaces = z.object({
  prefix: pattern,
  suffix: pattern,
  max_depth: absent(wholeNumber(1, 1000)),
  limit: wholeNumber(1, 1000).default(100),
  offset: wholeNumber(0, 1_000_000).default(0),
});

const itemSchema = z.object({
  namespace: z.array(z.string()),
  key: z.string(),
  value: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  updated_at: z.string(),
});

const itemJson = (item: Item | FoundItem) => ({
  ...item,
  created_at: isoTime(item.created_at),
  updated_at: isoTime(item.updated_at),
});

export const storeRoutes: Route[] = [
  route({
    method: "put",
    path: "/store/items",
    summary: "Keeps an item, in place of the one at its address",
    auth: "store:put",
    body: put,
    response: "nothing",
    handle: async ({ ctx, body }) => {
      await putItem(ctx, body);
      return noContent();
    },
  }),
  route({
    method: "get",
    path: "/store/items",
    summary: "One item, or null",
    auth: "store:get",
    query: get,
    response: itemSchema.nullable(),
    handle: async ({ ctx, query: { refresh_ttl, ...at } }) => {
      const item = await getItem(ctx, { ...at, refresh: refresh_ttl });
      return Response.json(item === undefined ? null : itemJson(item));
    },
  }),
  route({
    method: "delete",
    path: "/store/items",
    summary: "Deletes an item",
    auth: "store:delete",
    body: address,
    response: "nothing",
    handle: async ({ ctx, body }) => {
      await deleteItem(ctx, body);
      return noContent();
    },
  }),
  route({
    method: "post",
    path: "/store/items/search",
    summary: "Items below a namespace by fields of their values, and by words or meaning",
    auth: "store:search",
    body: search,
    response: z.object({ items: z.array(itemSchema.extend({ score: z.number().optional() })) }),
    handle: async ({ ctx, body: { namespace_prefix, refresh_ttl, ...rest } }) => {
      const found = await searchItems(ctx, {
        ...rest,
        prefix: namespace_prefix ?? [],
        refresh: refresh_ttl,
      });
      return Response.json({ items: found.map(itemJson) });
    },
  }),
  route({
    method: "post",
    path: "/store/namespaces",
    summary: "Namespaces by the labels they begin and end with",
    auth: "store:list_namespaces",
    body: namespaces,
    response: z.object({ namespaces: z.array(z.array(z.string())) }),
    handle: async ({ ctx, body: { max_depth, ...rest } }) =>
      Response.json({ namespaces: await listNamespaces(ctx, { ...rest, maxDepth: max_depth }) }),
  }),
];
