import { isJsonObject, type JsonObject } from "../core/json.ts";

/** Only the fields of a state that are asked for, `values.key` for one of its values; or all. */
export function selectedState(
  state: JsonObject,
  select: readonly string[] | undefined,
): JsonObject {
  if (!select) return state;
  const chosen = Object.entries(state).filter(([key]) => select.includes(key));
  const keys = select.flatMap((field) => /^values\.(?<key>.+)$/.exec(field)?.groups?.["key"] ?? []);
  const { values } = state;
  if (keys.length === 0 || select.includes("values") || !isJsonObject(values))
    return Object.fromEntries(chosen);
  const some = Object.entries(values).filter(([key]) => keys.includes(key));
  return { ...Object.fromEntries(chosen), values: Object.fromEntries(some) };
}
