import { isJsonObject, type Json } from "./json.ts";

/** The keys and indexes of a path such as `values.messages[-1].content`; undefined for what is none. */
export function parsePath(path: string): (string | number)[] | undefined {
  const steps: (string | number)[] = [];
  let rest = path;
  while (rest !== "") {
    const match = /^(?:\.?(?<key>[^.[\]]+)|\[(?<index>-?\d{1,9})\])/.exec(rest);
    const { key, index } = match?.groups ?? {};
    if (!match || (steps.length === 0 && (key === undefined || rest.startsWith(".")))) return;
    steps.push(index === undefined ? (key ?? "") : Number(index));
    rest = rest.slice(match[0].length);
  }
  return steps.length === 0 ? undefined : steps;
}

/** What a path leads to; null where it leads to nothing. */
export function valueAt(value: Json, steps: readonly (string | number)[]): Json {
  let at: Json | undefined = value;
  for (const step of steps) {
    if (Array.isArray(at)) at = /^-?\d+$/.test(String(step)) ? at.at(Number(step)) : undefined;
    else at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  return at ?? null;
}
