import { describe, expect, it } from "vitest";
import { tools } from "./index.ts";

const use = async (name: string, args: Record<string, unknown>): Promise<unknown> =>
  await tools(name)[0]?.invoke(args);

describe("tools", () => {
  it("names the nearest tool for an unknown one", () => {
    expect(() => tools("clok")).toThrow('did you mean "clock"');
    expect(() => tools("constructor")).toThrow("Unknown tool");
  });

  it("gives each tool once", () => {
    expect(tools("clock", "calculator", "clock").map(({ name }) => name)).toEqual([
      "clock",
      "calculator",
    ]);
  });

  it("tells the time in the zone asked for", async () => {
    expect(await use("clock", { timezone: "Asia/Tokyo" })).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+day \(Asia\/Tokyo\)$/,
    );
    await expect(use("clock", { timezone: "Mars/Base" })).rejects.toThrow("Invalid time zone");
  });

  it.each([
    ["12*7", "84"],
    ["(3+4)*2", "14"],
    ["5!+1", "121"],
    ["5C2", "10"],
  ])("calculates %s", async (input, expected) => {
    expect(await use("calculator", { input })).toBe(expected);
  });

  it.each([
    "(10^9)!",
    "1e9!",
    "99999999!",
    "5!!",
    "Sigma(1,1000000000,n)",
    "Pi(1,1000000000,n)",
    "100000C3",
    "1".repeat(301),
  ])("refuses %s, which would keep the process busy", async (input) => {
    expect(await use("calculator", { input })).toContain("too large");
  });
});
