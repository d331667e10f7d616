import { isJsonObject, type Json } from "./json.ts";

/**
 * Containment of JSON values as Postgres' `@>` has it: every key of an object, every element of an
 * array somewhere, anything else equal.
 */
export function jsonContains(have: Json, wanted: Json): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(have)) return false;
    return wanted.every((part) => have.some((element) => jsonContains(element, part)));
  }
  if (isJsonObject(wanted)) {
    if (!isJsonObject(have)) return false;
    return Object.entries(wanted).every(([key, part]) => {
      const value = Object.hasOwn(have, key) ? have[key] : undefined;
      return value !== undefined && jsonContains(value, part);
    });
  }
  return have === wanted;
}
