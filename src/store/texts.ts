import { isJsonObject, type Json } from "../core/json.ts";

/**
 * The texts at a path of a value: `a.b`, `list[0]`, `list[-1]`, `list[*].name`, `*`, `{a,b.c}`, or `$` for
 * the whole value.
 */
export function textsAt(value: Json, path: string): string[] {
  if (path === "$" || path === "") return [JSON.stringify(value)];
  return valuesAt(value, stepsOf(path)).flatMap(textOf);
}

/** All scalars inside a value. */
export function leavesOf(value: Json): string[] {
  if (typeof value === "string") return [value];
  if (typeof value === "number" || typeof value === "boolean") return [String(value)];
  return value === null ? [] : Object.values(value).flatMap(leavesOf);
}

const textOf = (value: Json): string[] => {
  if (value === null) return [];
  return typeof value === "object" ? [JSON.stringify(value)] : [String(value)];
};

/** `a.b[0].{c,d}` as a, b, [0] and {c,d}. */
const stepsOf = (path: string): string[] => path.match(/\[[^\]]*\]|\{[^}]*\}|[^.[\]{}]+/g) ?? [];

function valuesAt(value: Json, steps: readonly string[]): Json[] {
  const [step, ...rest] = steps;
  if (step === undefined) return [value];
  return partsOf(value, step).flatMap((part) => valuesAt(part, rest));
}

function partsOf(value: Json, step: string): Json[] {
  if (step === "*" || step === "[*]")
    return typeof value === "object" && value !== null ? Object.values(value) : [];
  if (step.startsWith("[")) {
    const part = Array.isArray(value) ? value.at(Number(step.slice(1, -1))) : undefined;
    return part === undefined ? [] : [part];
  }
  if (step.startsWith("{")) {
    const fields = step.slice(1, -1).split(",");
    return fields.flatMap((field) => valuesAt(value, stepsOf(field.trim())));
  }
  const part = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  return part === undefined ? [] : [part];
}
