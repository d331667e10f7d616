import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import { itemsOf, said, type WireObject } from "../wire.ts";
import { structuredMethodOf, type StructuredMethod } from "./method.ts";

/** The shape that an answer shall have, as it travels among the options of a call. */
export interface StructuredWish {
  readonly name: string;
  readonly description: string | undefined;
  /** A JSON Schema. */
  readonly schema: WireObject;
  readonly strict: boolean | undefined;
  readonly method: StructuredMethod | undefined;
}

/** The option of a call under which the wish travels. */
export const STRUCTURED = "kagari_structured";

/** The wish among the options of a call. */
export function wishIn(options: object): StructuredWish | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(options, STRUCTURED)?.value;
  return value === undefined ? undefined : asWish(value);
}

/** Only `withStructuredOutput` writes this option. */
const asWish = (value: unknown): StructuredWish => value as StructuredWish;

/** The body fields by which a model is asked for the shape. */
export function structuredFields(model: Model, base: Body, wish: StructuredWish): Body {
  const { name, description, schema, strict } = wish;
  const about = {
    name,
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
  };
  switch (structuredMethodOf(model, wish.method)) {
    case "json_schema":
      return { response_format: { type: "json_schema", json_schema: { ...about, schema } } };
    case "json_object":
      return { response_format: { type: "json_object" } };
    case "tool":
      return {
        tools: [
          ...itemsOf(base["tools"]),
          { type: "function", function: { ...about, parameters: schema } },
        ],
        tool_choice: { type: "function", function: { name } },
      };
    case "prompt":
      return {};
  }
}

/** The messages with the words that ask for the shape, where no field of the request does. */
export function structuredMessages(
  messages: WireObject[],
  model: Model,
  wish: StructuredWish | undefined,
): WireObject[] {
  if (wish === undefined) return messages;
  const method = structuredMethodOf(model, wish.method);
  if (method === "json_schema" || method === "tool") return messages;
  const words = `Answer with one JSON value and nothing else. It must match this JSON Schema:\n${JSON.stringify(wish.schema)}`;
  const [first, ...rest] = messages;
  const isSystem = first?.["role"] === "system" || first?.["role"] === "developer";
  const text = isSystem ? said(first["content"]) : undefined;
  if (first === undefined || text === undefined)
    return [{ role: "system", content: words }, ...messages];
  return [{ ...first, content: `${text}\n\n${words}` }, ...rest];
}
