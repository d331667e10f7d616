import type { Model } from "../model.ts";
import { asWireObject, itemsOf, type WireObject } from "../wire.ts";

/** Among the reasoning details of an answer: an item of the Responses API, as it goes back. */
const TYPE = "responses.item";

/** A reasoning item as answers keep it; only the model that made it can read it. */
export const keptItem = (item: WireObject, { index, model }: { index: number; model: Model }) => ({
  type: TYPE,
  index,
  model: model.id,
  item: Object.fromEntries(Object.entries(item).filter(([key]) => key !== "status")),
});

const isItem = (detail: unknown): boolean => asWireObject(detail)?.["type"] === TYPE;

/** The reasoning items that an answer of this model kept. Unless they are sealed only the provider has them. */
export const itemsIn = (message: WireObject, { id }: Model): WireObject[] =>
  itemsOf(message["reasoning_details"]).flatMap((detail) => {
    const { model, item } = asWireObject(detail) ?? {};
    const kept = asWireObject(item);
    const isOwn = isItem(detail) && model === id;
    return isOwn && kept !== undefined && kept["encrypted_content"] ? [kept] : [];
  });

/** The details that a provider of this wire may be sent. */
export const detailsFor = ({ fields }: Model, details: unknown): readonly unknown[] =>
  itemsOf(details).filter((detail) => isItem(detail) === (fields.api === "responses"));
