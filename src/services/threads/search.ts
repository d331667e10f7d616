import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import { jsonContains } from "../../core/json-contains.ts";
import type { Page, PageOf } from "../../domain/page.ts";
import type { Thread, ThreadFilter, ThreadSort } from "../../domain/thread.ts";
import { allowed } from "../access.ts";

/** Threads whose states are read to look into them, for one search. */
const MAX_LOOKED_INTO = 5000;
const BATCH = 200;
/** The database finds plain values whose JSON is shorter than this. */
const MAX_PLAIN = 100;

export type ThreadSearch = Omit<ThreadFilter, "values"> & { values?: JsonObject | undefined };

const isPlain = (value: Json): value is string | number | boolean | null =>
  (typeof value !== "object" || value === null) && JSON.stringify(value).length < MAX_PLAIN;

/** What the database can find of a filter, and the values of the state that have to be looked into. */
function split({ values = {}, ...filter }: ThreadSearch): {
  filter: ThreadFilter;
  rest: JsonObject | undefined;
} {
  const plain: NonNullable<ThreadFilter["values"]> = {};
  const rest: JsonObject = {};
  for (const [name, value] of Object.entries(values)) {
    if (isPlain(value)) plain[name] = value;
    else rest[name] = value;
  }
  return {
    filter: { ...filter, ...(Object.keys(plain).length > 0 ? { values: plain } : {}) },
    rest: Object.keys(rest).length > 0 ? rest : undefined,
  };
}

export async function searchThreads(
  ctx: Context,
  input: { filter: ThreadSearch; page: Page<ThreadSort> },
): Promise<PageOf<Thread>> {
  const { page } = input;
  const access = await allowed(ctx, "threads:search", { ...input.filter, ...page });
  const { filter, rest } = split({ ...input.filter, access });
  if (!rest) return ctx.storage.threads.search(filter, page);
  const found = await lookInto(ctx, { filter, rest, page });
  return { rows: found.slice(page.offset, page.offset + page.limit), total: found.length };
}

/** How many threads a search finds. */
export async function countThreads(ctx: Context, asked: ThreadSearch): Promise<number> {
  const access = await allowed(ctx, "threads:search", { ...asked });
  const { filter, rest } = split({ ...asked, access });
  if (!rest) return ctx.storage.threads.count(filter);
  const page = { sort_by: "thread_id", sort_order: "asc" } as const;
  return (await lookInto(ctx, { filter, rest, page })).length;
}

/** All threads whose state contains the values, in order. */
async function lookInto(
  { storage, states }: Context,
  search: {
    filter: ThreadFilter;
    rest: JsonObject;
    page: Pick<Page<ThreadSort>, "sort_by" | "sort_order">;
  },
): Promise<Thread[]> {
  const { filter, rest, page } = search;
  const found: Thread[] = [];
  for (let offset = 0; ; offset += BATCH) {
    const { rows, total } = await storage.threads.search(filter, { ...page, limit: BATCH, offset });
    if (total > MAX_LOOKED_INTO)
      throw new AppError(
        "validation",
        `values: lists and objects are looked for in at most ${MAX_LOOKED_INTO} threads, and ${total} are left by the other filters: name ids, metadata, a status or a plain value too`,
      );
    const values = await Promise.all(rows.map(({ thread_id }) => states.values(thread_id)));
    found.push(
      ...rows.filter((_, index) => {
        const have = values[index] ?? null;
        return isJsonObject(have) && jsonContains(have, rest);
      }),
    );
    if (rows.length < BATCH) return found;
  }
}
