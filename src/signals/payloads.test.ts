import { describe, expect, it } from "vitest";
import { fromPayload, toPayloads } from "./payloads.ts";

describe("signal payloads", () => {
  it("carry every id, each payload short enough for Postgres", () => {
    const ids = Array.from({ length: 1000 }, (_, n) => `羚伊-${n}-${"x".repeat(30)}`);
    const payloads = toPayloads(ids);
    expect(payloads.length).toBeGreaterThan(1);
    for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8000);
    expect(payloads.flatMap((payload) => fromPayload(payload))).toEqual(ids);
  });

  it("are none for no ids, and leave out an id that fits into none", () => {
    expect(toPayloads([])).toEqual([]);
    expect(toPayloads(["a", "x".repeat(8000), "b"])).toEqual(['["a","b"]']);
  });

  it.each(["", "{", "1", "[1]", '{"a":1}'])("refuse %j, which is not ours", (payload) => {
    expect(fromPayload(payload)).toBeUndefined();
  });
});
