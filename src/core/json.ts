/** Any value JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export type JsonObject = { [key: string]: Json };

/** True for a plain JSON object: not null, not an array. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The objects of a list; none where it is no list. */
export const objectsIn = (list: unknown): JsonObject[] =>
  (Array.isArray(list) ? list : []).filter((one) => isJsonObject(one));
