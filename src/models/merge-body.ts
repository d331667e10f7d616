import type { Body } from "./dialects/index.ts";

/** A copy without the keys that have no value. */
export function withoutUndefined(base: Body): Body {
  return Object.fromEntries(Object.entries(base).filter(([, value]) => value !== undefined));
}

/** Objects are joined one level deep, so that `chat_template_kwargs` keeps both authors' keys. */
export function mergeInto(body: Body, additions: Body): void {
  for (const [key, value] of Object.entries(additions)) {
    const current = body[key];
    body[key] = isRecord(current) && isRecord(value) ? { ...current, ...value } : value;
  }
}

/** An object of JSON, and no list. */
export const isRecord = (value: unknown): value is Body =>
  typeof value === "object" && value !== null && !Array.isArray(value);
