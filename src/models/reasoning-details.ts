import { asWireObject, itemsOf, type WireObject } from "./wire.ts";

const JOINED = new Set(["text", "summary", "data"]);

/** Puts the pieces of OpenRouter's reasoning details together, to be sent back unchanged. */
export class ReasoningDetails {
  readonly #details: WireObject[] = [];

  /** Undefined where there were none. */
  get whole(): readonly WireObject[] | undefined {
    return this.#details.length === 0 ? undefined : this.#details;
  }

  read(raw: unknown): void {
    for (const item of itemsOf(raw)) {
      const piece = asWireObject(item);
      if (piece !== undefined) this.#add(piece);
    }
  }

  #add(piece: WireObject): void {
    const last = this.#details.at(-1);
    const known =
      typeof piece["index"] === "number"
        ? this.#details.find(
            ({ index, type }) => index === piece["index"] && type === piece["type"],
          )
        : undefined;
    const target = known ?? (isContinued(last, piece) ? last : undefined);
    if (target === undefined) {
      this.#details.push({ ...piece });
      return;
    }
    for (const [key, value] of Object.entries(piece)) {
      const before = target[key];
      if (JOINED.has(key) && typeof before === "string" && typeof value === "string")
        target[key] = before + value;
      else if (value !== null && value !== undefined) target[key] = value;
    }
  }
}

/** Pieces without an index continue the last one of their type, unless they are whole by nature. */
const isContinued = (last: WireObject | undefined, piece: WireObject): boolean =>
  last !== undefined &&
  piece["index"] === undefined &&
  last["index"] === undefined &&
  piece["type"] === last["type"] &&
  piece["type"] !== "reasoning.encrypted";
