import { describe, expect, it } from "vitest";
import { nextSlot, slotPlan } from "./cron.ts";

const at = (text: string) => Date.parse(text);
const next = (schedule: string, from: string, timezone: string | null = null) => {
  const slot = nextSlot({ schedule, timezone, end_time: null }, at(from));
  return slot === null ? null : new Date(slot).toISOString();
};

describe("nextSlot", () => {
  it.each([
    ["*/5 * * * *", "2026-01-01T00:00:00Z", null, "2026-01-01T00:05:00.000Z"],
    ["30 * * * * *", "2026-01-01T00:00:00Z", null, "2026-01-01T00:00:30.000Z"],
    ["0 9 * * MON-FRI", "2026-01-02T10:00:00Z", null, "2026-01-05T09:00:00.000Z"],
    ["0 9 * * *", "2026-01-01T00:00:00Z", "Asia/Shanghai", "2026-01-01T01:00:00.000Z"],
    ["0 9 * * *", "2026-07-01T00:00:00Z", "America/New_York", "2026-07-01T13:00:00.000Z"],
    ["0 9 * * *", "2026-12-01T00:00:00Z", "America/New_York", "2026-12-01T14:00:00.000Z"],
    ["@daily", "2026-01-01T00:00:00Z", null, "2026-01-02T00:00:00.000Z"],
    ["0 0 30 2 *", "2026-01-01T00:00:00Z", null, null],
  ])("of %j after %s in %s is %s", (schedule, from, timezone, expected) => {
    expect(next(schedule, from, timezone)).toBe(expected);
  });

  it("is none after the end", () => {
    const end_time = at("2026-01-01T00:04:59Z");
    const schedule = { schedule: "*/5 * * * *", timezone: null, end_time };
    expect(nextSlot(schedule, at("2026-01-01T00:00:00Z"))).toBeNull();
    expect(nextSlot({ ...schedule, end_time: end_time + 1000 }, at("2026-01-01T00:00:00Z"))).toBe(
      at("2026-01-01T00:05:00Z"),
    );
  });

  it.each(["", "* * * *", "* * * * * * *", "61 * * * *", "every day", "2026-01-01T00:00:00"])(
    "refuses the schedule %j and names it",
    (schedule) => {
      expect(() => next(schedule, "2026-01-01T00:00:00Z")).toThrow(
        `schedule: ${JSON.stringify(schedule)} is not valid`,
      );
    },
  );

  it.each(["Mars/Olympus", "+08:00", ""])("refuses the time zone %j and names it", (timezone) => {
    expect(() => next("* * * * *", "2026-01-01T00:00:00Z", timezone)).toThrow(
      `timezone: ${JSON.stringify(timezone)}`,
    );
  });
});

describe("slotPlan", () => {
  const slot = at("2026-01-01T00:05:00Z");
  const cron = { schedule: "*/5 * * * *", timezone: null, end_time: null, next_run_at: slot };

  it("meets a slot and goes on to the next", () => {
    const expected = { fires: true, next: slot + 300_000 };
    expect(slotPlan(cron, slot + 1000, "once")).toEqual(expected);
    expect(slotPlan(cron, slot + 1000, "skip")).toEqual(expected);
  });

  it("meets every slot of a fast schedule that it is only a little late for", () => {
    const fast = { ...cron, schedule: "* * * * * *" };
    expect(slotPlan(fast, slot + 3000, "skip")).toEqual({ fires: true, next: slot + 1000 });
  });

  it("runs once for all missed slots, or not at all", () => {
    const now = slot + 12 * 60_000;
    const after = at("2026-01-01T00:20:00Z");
    expect(slotPlan(cron, now, "once")).toEqual({ fires: true, next: after });
    expect(slotPlan(cron, now, "skip")).toEqual({ fires: false, next: after });
  });
});
