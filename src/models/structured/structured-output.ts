import type { StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import type { BaseMessage } from "@langchain/core/messages";
import { RunnableLambda } from "@langchain/core/runnables";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { isSerializableSchema } from "@langchain/core/utils/standard_schema";
import { isInteropZodSchema } from "@langchain/core/utils/types";
import { asWireObject, said } from "../wire.ts";
import { methodNamed } from "./method.ts";
import { readStructured, StructuredOutputError } from "./read.ts";
import type { StructuredWish } from "./wish.ts";

const DEFAULT_NAME = "extract";

/** What is wished of an answer by a zod schema, a JSON Schema or OpenAI's `{name, parameters}`. */
export function structuredWish(
  schema: unknown,
  { name, method, strict }: StructuredOutputMethodOptions<boolean> = {},
): StructuredWish {
  const isOurs = isInteropZodSchema(schema) || isSerializableSchema(schema);
  const given = asWireObject(isOurs ? toJsonSchema(schema) : schema) ?? {};
  const parameters = isOurs ? undefined : asWireObject(given["parameters"]);
  const isFunction = parameters !== undefined && said(given["name"]) !== undefined;
  const { $schema: _, ...plain } = isFunction ? parameters : given;
  const title = isFunction ? said(given["name"]) : said(given["title"]);
  return {
    name: name ?? title?.replace(/[^\w-]/g, "_") ?? DEFAULT_NAME,
    description: said(given["description"]),
    schema: plain,
    strict,
    method: methodNamed(method),
  };
}

/** Turns an answer into its value, or, with `includeRaw`, into both; null there where it has none. */
export function structuredReader(
  reading: { readonly wish: StructuredWish; readonly schema: unknown },
  includeRaw: boolean,
): RunnableLambda<BaseMessage, unknown> {
  const read = async (message: BaseMessage): Promise<unknown> =>
    await readStructured(message, reading);
  if (!includeRaw) return RunnableLambda.from(read);
  return RunnableLambda.from(async (raw: BaseMessage) => ({
    raw,
    parsed: await orNull(read(raw)),
  }));
}

async function orNull(value: Promise<unknown>): Promise<unknown> {
  try {
    return await value;
  } catch (error) {
    if (error instanceof StructuredOutputError) return null;
    throw error;
  }
}
