import { randomId } from "../core/ids.ts";
import { argumentsText, asWireObject, said, type WireObject } from "./wire.ts";

/** One tool call of a delta, made regular: it has an index, and an id and name only when they are said. */
export interface ToolCallDelta {
  index: number;
  id?: string;
  type: "function";
  function: { name?: string; arguments: string };
}

/** One tool call as far as it has come. */
export interface ReadToolCall {
  readonly id: string;
  readonly name: string;
  /** As sent: perhaps cut off, perhaps no JSON. */
  readonly arguments: string;
}

interface Place {
  id: string;
  name: string;
  arguments: string;
  /** Whether the last piece ended as an object does, so that all of it may be worth parsing. */
  mayBeWhole: boolean;
}

/** Makes the tool calls of one stream regular: servers leave out, repeat or blank ids and indexes. */
export class ToolCallReader {
  readonly #places: Place[] = [];
  /** From the server's index to ours, as long as its indexes tell its calls apart. */
  readonly #byIndex = new Map<number, number>();
  #current = -1;
  #isReindexed = false;

  /** All calls so far, in order. */
  get calls(): readonly ReadToolCall[] {
    return this.#places.map(({ id, name, arguments: text }) => ({ id, name, arguments: text }));
  }

  /** Whether every call's arguments are whole JSON, as they must be to be run. */
  get isWhole(): boolean {
    return this.#places.every(({ arguments: text }) => text.trim() === "" || isJson(text));
  }

  read(raw: unknown): ToolCallDelta[] {
    const call = asWireObject(raw);
    if (call === undefined) return [];
    const details = asWireObject(call["function"]) ?? {};
    const name = said(details["name"]);
    const text = argumentsText(details["arguments"]);
    const { index, isNew } = this.#placeOf(call, { name, text });
    const place = this.#places[index];
    if (place === undefined) return [];
    const isNamed = name !== undefined && place.name === "";
    place.arguments += text;
    if (text.trim() !== "") place.mayBeWhole = text.trimEnd().endsWith("}");
    if (isNamed) place.name = name;
    return [
      {
        index,
        ...(isNew ? { id: place.id } : {}),
        type: "function",
        function: isNamed ? { name, arguments: text } : { arguments: text },
      },
    ];
  }

  #placeOf(
    call: WireObject,
    piece: { name: string | undefined; text: string },
  ): { index: number; isNew: boolean } {
    const id = said(call["id"]);
    const wireIndex = typeof call["index"] === "number" ? call["index"] : undefined;
    const known = this.#known(id, wireIndex);
    if (known >= 0 && !(id === undefined && this.#beginsAnother(known, piece))) {
      this.#current = known;
      return { index: known, isNew: false };
    }
    return { index: this.#add(id, wireIndex), isNew: true };
  }

  #known(id: string | undefined, wireIndex: number | undefined): number {
    if (id !== undefined) return this.#places.findIndex((place) => place.id === id);
    if (wireIndex === undefined || this.#isReindexed) return this.#current;
    return this.#byIndex.get(wireIndex) ?? -1;
  }

  /** Another call without id, under the same index or under none. */
  #beginsAnother(known: number, piece: { name: string | undefined; text: string }): boolean {
    const place = this.#places[known];
    if (piece.name === undefined || place === undefined) return false;
    if (place.name !== "" && place.name !== piece.name) return true;
    if (piece.text === "") return false;
    return place.mayBeWhole && isJson(place.arguments);
  }

  #add(id: string | undefined, wireIndex: number | undefined): number {
    const index = this.#places.length;
    if (wireIndex === undefined || this.#byIndex.has(wireIndex)) this.#isReindexed = true;
    if (wireIndex !== undefined) this.#byIndex.set(wireIndex, index);
    this.#places.push({
      id: id ?? `call_${randomId()}`,
      name: "",
      arguments: "",
      mayBeWhole: false,
    });
    this.#current = index;
    return index;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
