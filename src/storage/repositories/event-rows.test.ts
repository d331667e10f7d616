import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../domain/event.ts";
import { MOST_EVENTS_OF_ROW, packEvents, unpackEvents } from "./event-rows.ts";

const text = (seq: number, part: string, m = 1): RunEvent => ({ kind: "text", m, text: part, seq });
const custom = (seq: number, data = ""): RunEvent => ({ kind: "custom", ns: [], data, seq });
const head = (seq: number): RunEvent => ({
  kind: "message",
  ns: [],
  m: seq,
  message: {},
  metadata: {},
  seq,
});
const end = (seq: number): RunEvent => ({ kind: "end", status: "success", seq });
const count = (length: number) => Array.from({ length }, (_, index) => custom(index + 1));

/** A task and its result, as the first version packed them. */
const PACKED = "AYvGW4UnIawtycgEFxLYS0qILIl1OHGxh8UN6D4DAA==";

describe("packEvents", () => {
  it("keeps what follows each other in one row, text of one message as a list", () => {
    expect(packEvents([text(3, "你"), text(4, "好"), text(5, "b", 2), custom(6, "c")])).toEqual([
      {
        seq: 6,
        first_seq: 3,
        is_head: 0,
        size: 62,
        payload: Buffer.from('[[1,"你","好"],[2,"b"],{"kind":"custom","ns":[],"data":"c"}]'),
      },
    ]);
  });

  it.each<[name: string, events: RunEvent[], rows: number]>([
    ["other kinds", [text(1, "a"), custom(2), text(3, "b"), text(4, "c", 2)], 1],
    ["a gap", [text(1, "a"), text(3, "b")], 2],
    ["the head of a message, which stays alone", [custom(1), head(2), head(3), custom(4)], 4],
    ["the end, which stays alone", [text(1, "a"), end(2)], 2],
    ["as many events as a row takes", count(MOST_EVENTS_OF_ROW * 2), 2],
    ["one event too many", count(MOST_EVENTS_OF_ROW * 2 + 1), 3],
    ["a large event", [custom(1, "x".repeat(40_000)), custom(2), custom(3)], 2],
    ["much text", [text(1, "x".repeat(40_000)), text(2, "b")], 2],
    ["nothing", [], 0],
  ])("makes the rows of %s", (_, events, rows) => {
    const packed = packEvents(events);
    expect(packed).toHaveLength(rows);
    expect(packed.flatMap((row) => unpackEvents(row, 0))).toEqual(events);
  });

  it("marks the rows of heads", () => {
    expect(packEvents([custom(1), head(2), end(3)]).map((row) => row.is_head)).toEqual([0, 1, 0]);
  });

  it("compresses, and notes how much it was", () => {
    const events = [custom(1, "hello ".repeat(100))];
    const [row] = packEvents(events);
    expect(row?.size).toBe(600 + '[{"kind":"custom","ns":[],"data":""}]'.length);
    expect(row?.payload.length).toBeLessThan(100);
  });
});

it("reads rows that were written with the first dictionary", () => {
  const payload = Buffer.from(PACKED, "base64");
  expect(unpackEvents({ first_seq: 8, payload }, 8)).toEqual([
    { kind: "task_result", ns: [], id: "b", name: "think", interrupts: [], seq: 9 },
  ]);
});
