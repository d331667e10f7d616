import { describe, expect, it } from "vitest";
import { MinuteWindow } from "./windows.ts";

const SECOND = 1_000;
const START = Date.UTC(2026, 0, 1);

describe("MinuteWindow", () => {
  it("counts the last minute, whatever the clock's own minutes are", () => {
    const window = new MinuteWindow();
    window.add(START + 59 * SECOND, 5);
    expect(window.sum(START + 61 * SECOND)).toBe(5);
    window.add(START + 61 * SECOND, 2);
    expect(window.sum(START + 118 * SECOND)).toBe(7);
    expect(window.sum(START + 119 * SECOND)).toBe(2);
    expect(window.sum(START + 3_600 * SECOND)).toBe(0);
  });

  it("knows in how many seconds there is room again", () => {
    const window = new MinuteWindow();
    window.add(START, 3);
    window.add(START + 10 * SECOND, 1);
    const at = START + 20 * SECOND;
    expect(window.secondsUntilBelow(4, at)).toBe(40);
    expect(window.secondsUntilBelow(1, at)).toBe(50);
    expect(window.sum(at + 39 * SECOND)).toBe(4);
    expect(window.sum(at + 40 * SECOND)).toBe(1);
    expect(window.sum(at + 50 * SECOND)).toBe(0);
  });

  it("is not confused by a clock that goes back a little", () => {
    const window = new MinuteWindow();
    window.add(START + 5 * SECOND, 1);
    window.add(START, 1);
    expect(window.sum(START + 64 * SECOND)).toBe(2);
    expect(window.sum(START + 65 * SECOND)).toBe(0);
  });
});
