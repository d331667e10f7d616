import { z } from "zod";
import { isJsonObject } from "../core/json.ts";
import { didYouMean } from "./spelling.ts";

/** The schema inside those that only say whether a value may be missing. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault;
  return isWrapped ? bare(schema.unwrap()) : schema;
}

/** Paths of keys that a schema does not have, each with the key that was probably meant. */
export function unknownKeys(schema: z.core.$ZodType, value: unknown, path = ""): string[] {
  const inner = bare(schema);
  if (!(inner instanceof z.ZodObject) || !isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, part]) => {
    const name = path === "" ? key : `${path}.${key}`;
    const field: z.core.$ZodType | undefined = Object.hasOwn(inner.shape, key)
      ? inner.shape[key]
      : undefined;
    return field === undefined
      ? [`${name}${didYouMean(key, Object.keys(inner.shape))}`]
      : unknownKeys(field, part, name);
  });
}
