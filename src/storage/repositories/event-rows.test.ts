import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../domain/event.ts";
import { packEvents, unpackEvents } from "./event-rows.ts";

const text = (seq: number, part: string, m = 1): RunEvent => ({ kind: "text", m, text: part, seq });
const end: RunEvent = { kind: "end", status: "success", seq: 9 };

describe("packEvents", () => {
  it("keeps text that follows each other in one row", () => {
    expect(packEvents([text(3, "你"), text(4, "好")])).toEqual([
      { seq: 4, first_seq: 3, kind: "text", payload: '[1,"你","好"]' },
    ]);
  });

  it("stores neither number nor kind twice", () => {
    expect(packEvents([end])).toEqual([
      { seq: 9, first_seq: 9, kind: "end", payload: '{"status":"success"}' },
    ]);
  });

  it.each<[name: string, events: RunEvent[], rows: number]>([
    ["another message", [text(1, "a"), text(2, "b", 2), text(3, "c")], 3],
    ["another event", [text(7, "a"), text(8, "b"), end, text(10, "c")], 3],
    ["a gap", [text(1, "a"), text(3, "b")], 2],
    ["nothing", [text(1, "a"), text(2, "b"), text(3, "c")], 1],
  ])("begins a row after %s", (_, events, rows) => {
    const packed = packEvents(events);
    expect(packed).toHaveLength(rows);
    expect(packed.flatMap((row) => unpackEvents(row, 0))).toEqual(events);
  });
});
