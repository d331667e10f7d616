import { z } from "zod";

/** Postgres takes payloads of less than 8000 bytes. */
const MAX_BYTES = 7_900;
const Ids = z.array(z.string());

/** The ids as few payloads as hold them; an id too long for any is left out. */
export function toPayloads(ids: Iterable<string>): string[] {
  const payloads: string[] = [];
  let part: string[] = [];
  let bytes = 2;
  for (const id of ids) {
    const size = Buffer.byteLength(JSON.stringify(id)) + 1;
    if (size + 2 > MAX_BYTES) continue;
    if (bytes + size > MAX_BYTES) {
      payloads.push(JSON.stringify(part));
      part = [];
      bytes = 2;
    }
    part.push(id);
    bytes += size;
  }
  return part.length > 0 ? [...payloads, JSON.stringify(part)] : payloads;
}

/** The ids of a payload; none for one that is not ours. */
export function fromPayload(payload: string): string[] | undefined {
  try {
    return Ids.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}
