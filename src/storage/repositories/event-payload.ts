import { deflateRawSync, inflateRawSync } from "node:zlib";
import { eventDictionary } from "./event-dictionary.ts";

/** The first byte of a payload that is compressed; one that is not begins with the bracket of its JSON. */
const DEFLATED = Buffer.of(1);
/** Shorter ones gain too little for the time it takes, and longer ones would hold up the event loop. */
const LEAST = 512;
const MOST = 64 * 1024;

const OPTIONS = { dictionary: eventDictionary, windowBits: 13, memLevel: 5 };

/** The bytes that keep the JSON of a row. */
export function packPayload(json: Buffer): Buffer {
  if (json.length < LEAST || json.length > MOST) return json;
  const packed = deflateRawSync(json, OPTIONS);
  return packed.length < json.length ? Buffer.concat([DEFLATED, packed]) : json;
}

/** The JSON that a row keeps. */
export function unpackPayload(payload: Uint8Array): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const json = bytes[0] === DEFLATED[0] ? inflateRawSync(bytes.subarray(1), OPTIONS) : bytes;
  return json.toString();
}
