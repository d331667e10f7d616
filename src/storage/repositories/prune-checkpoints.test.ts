import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import { rowsToPrune } from "./prune-checkpoints.ts";

const row = (checkpoint_id: string, checkpoint_ns = "", metadata: JsonObject = {}) => ({
  checkpoint_ns,
  checkpoint_id,
  metadata,
});
const under = (root: string) => ({ parents: { "": root } });
const ids = (rows: { checkpoint_id: string }[]) => rows.map(({ checkpoint_id }) => checkpoint_id);

describe("rowsToPrune", () => {
  it("leaves the newest of the root graph", () => {
    expect(ids(rowsToPrune([row("3"), row("2"), row("1")], 2))).toEqual(["1"]);
    expect(rowsToPrune([row("1")], 2)).toEqual([]);
    expect(rowsToPrune([], 1)).toEqual([]);
  });

  it("leaves what a delta channel is still made from", () => {
    const counters = { counters_since_delta_snapshot: { log: [1, 1] } };
    const rows = [row("4", "", counters), row("3", "", counters), row("2"), row("1")];
    expect(ids(rowsToPrune(rows, 1))).toEqual(["1"]);
  });

  it("leaves subgraphs of the checkpoints that stay, and no others", () => {
    const rows = [row("4", "sub:b", under("3")), row("3"), row("2", "sub:a", under("1")), row("1")];
    expect(ids(rowsToPrune(rows, 1))).toEqual(["2", "1"]);
  });

  it("leaves the newest of a subgraph that remembers, whoever called it", () => {
    const rows = [
      row("4"),
      row("3", "memory", under("1")),
      row("2", "memory", under("1")),
      row("1"),
    ];
    expect(ids(rowsToPrune(rows, 1))).toEqual(["2", "1"]);
  });
});
