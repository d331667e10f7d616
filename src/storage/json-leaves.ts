import { isJsonObject, type Json } from "../core/json.ts";

const MAX_LEAVES = 8;

function* leavesOf(wanted: Json): Generator<string> {
  if (Array.isArray(wanted)) {
    for (const part of wanted) {
      if (typeof part === "object" && part !== null) yield* leavesOf(part);
      else yield JSON.stringify(part);
    }
  } else if (isJsonObject(wanted)) {
    for (const [key, part] of Object.entries(wanted)) {
      const name = `${JSON.stringify(key)}:`;
      if (typeof part !== "object" || part === null) yield name + JSON.stringify(part);
      else {
        yield name;
        yield* leavesOf(part);
      }
    }
  }
}

/**
 * Texts that JSON text written by JSON.stringify has in it when it contains `wanted`: to leave out
 * most rows before their JSON is parsed.
 */
export const leafTexts = (wanted: Json): string[] => [...leavesOf(wanted)].slice(0, MAX_LEAVES);
