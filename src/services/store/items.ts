import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { type FoundItem, type Item, type ItemAddress, itemOwner } from "../../domain/item.ts";
import type { ItemChange, ItemSearch, NamespaceSearch } from "../../store/port.ts";
import { allowedWith } from "../access.ts";

/** Whose items a request is about, and in which namespace once an auth handler has seen it. */
async function decided<T extends { namespace: readonly string[] }>(
  ctx: Context,
  event: string,
  asked: T,
): Promise<{ owner: string; value: T }> {
  // A copy of the labels, which a handler may change in place.
  const handed = { ...asked, namespace: [...asked.namespace] };
  const { filter, value } = await allowedWith(ctx, event, handed);
  const owner = itemOwner(ctx.actor.user);
  if (!Array.isArray(value.namespace))
    throw new AppError("forbidden", `The auth handler of ${event} left no namespace`);
  if (filter !== undefined && owner === "")
    throw new AppError(
      "forbidden",
      `The auth handler of ${event} answered a filter, but items have no metadata: let a handler of "store" check or change value.namespace`,
    );
  return { owner, value };
}

export async function putItem(
  ctx: Context,
  { ttl, index, ...item }: ItemChange & { value: NonNullable<ItemChange["value"]> },
): Promise<void> {
  const { owner, value } = await decided(ctx, "store:put", item);
  await ctx.items.write(owner, [{ ...value, ttl, index }]);
}

export async function getItem(
  ctx: Context,
  { refresh, ...address }: ItemAddress & { refresh?: boolean | undefined },
): Promise<Item | undefined> {
  const { owner, value } = await decided(ctx, "store:get", address);
  return ctx.items.get(owner, value, { refresh });
}

/** Deletes an item, if it is there. */
export async function deleteItem(ctx: Context, address: ItemAddress): Promise<void> {
  const { owner, value } = await decided(ctx, "store:delete", address);
  await ctx.items.write(owner, [{ ...value, value: null }]);
}

export async function searchItems(ctx: Context, search: ItemSearch): Promise<FoundItem[]> {
  const { prefix: namespace, refresh, ...rest } = search;
  const { owner, value } = await decided(ctx, "store:search", { namespace, ...rest });
  const { namespace: prefix, ...changed } = value;
  return ctx.items.search(owner, { ...changed, prefix, refresh });
}

export async function listNamespaces(ctx: Context, search: NamespaceSearch): Promise<string[][]> {
  const { prefix = [], suffix, maxDepth, limit, offset } = search;
  const asked = { namespace: prefix, suffix, max_depth: maxDepth, limit, offset };
  const { owner, value } = await decided(ctx, "store:list_namespaces", asked);
  const { namespace, max_depth, ...changed } = value;
  return ctx.items.namespaces(owner, { ...changed, prefix: namespace, maxDepth: max_depth });
}
