import { describe, expect, it } from "vitest";
import { strictest, ToolRule, verdict } from "./tool-rule.ts";

const judge = (args: Record<string, unknown>, ...rules: object[]) =>
  verdict(
    rules.map((rule) => ToolRule.parse(rule)),
    { name: "http_get", args },
  );

describe("verdict", () => {
  it("is that of the first rule that is about the call", () => {
    const rules = [
      { tool: "other", policy: "deny" },
      { tool: "http_get", when: { url: { starts_with: "https://a.example/" } }, policy: "allow" },
      { tool: "http_*", policy: "ask" },
    ];
    expect(judge({ url: "https://a.example/x" }, ...rules)).toBe("allow");
    expect(judge({ url: "https://b.example/x" }, ...rules)).toBe("ask");
    expect(judge({}, { tool: "http", policy: "deny" })).toBeUndefined();
    expect(judge({}, { tool: "http.get", policy: "deny" })).toBeUndefined();
  });

  it.each<[condition: unknown, value: unknown, isSo: boolean]>([
    ["a", "a", true],
    [5, "5", true],
    [true, false, false],
    [{ equals: "a" }, "b", false],
    [{ in: ["a", 2] }, 2, true],
    [{ in: ["a", 2] }, 3, false],
    [{ starts_with: ["x", "a"] }, "abc", true],
    [{ contains: "b" }, "abc", true],
    [{ matches: "^a.c$" }, "abc", true],
    [{ matches: "^a.c$" }, "xabc", false],
    [{ host: "a.example" }, "HTTPS://user@A.example.:8080/x", true],
    [{ host: "a.example" }, "https://a.example.evil.com/", false],
    [{ host: "*.example" }, "https://a.example", true],
    [{ host: "*.example" }, "https://example", false],
    [{ host: "a.example" }, "a.example", false],
    [{ above: 5 }, 6, true],
    [{ above: 5, below: 7 }, 7, false],
    [{ above: 5 }, "many", false],
    [{ missing: true }, undefined, true],
    [{ missing: true }, "a", false],
    [{ missing: false }, "a", true],
    [{ contains: "a" }, undefined, false],
    [{ contains: "a" }, { a: 1 }, false],
  ])("%j is so of %j: %s", (condition, value, isSo) => {
    const found = judge({ x: value }, { tool: "*", when: { x: condition }, policy: "ask" });
    expect(found).toBe(isSo ? "ask" : undefined);
  });

  it("reads arguments by paths, and those whose names have dots first", () => {
    const rule = (path: string) => ({ tool: "*", when: { [path]: "v" }, policy: "deny" });
    expect(judge({ a: { b: "v" } }, rule("a.b"))).toBe("deny");
    expect(judge({ "a.b": "v", a: { b: "w" } }, rule("a.b"))).toBe("deny");
    expect(judge({ a: {} }, rule("a.constructor.name"))).toBeUndefined();
  });

  it("needs all elements of a list to allow, and one to be careful", () => {
    const rule = (policy: string) => ({ tool: "*", when: { to: { contains: "@us" } }, policy });
    const some = { to: ["a@us", "b@them"] };
    expect(judge(some, rule("allow"))).toBeUndefined();
    expect(judge(some, rule("ask"))).toBe("ask");
    expect(judge({ to: ["a@us"] }, rule("allow"))).toBe("allow");
    expect(judge({ to: [] }, rule("allow"))).toBeUndefined();
  });

  it("tries no pattern on what is too long, and is careful about it", () => {
    const rule = (policy: string) => ({ tool: "*", when: { x: { matches: "a" } }, policy });
    expect(judge({ x: "a".repeat(10_001) }, rule("allow"))).toBeUndefined();
    expect(judge({ x: "b".repeat(10_001) }, rule("deny"))).toBe("deny");
  });

  it.each([
    { tool: "a", policy: "Deny" },
    { tool: "", policy: "deny" },
    { tool: "a", policy: "deny", if: {} },
    { tool: "a", policy: "deny", when: { x: {} } },
    { tool: "a", policy: "deny", when: { x: { like: "a" } } },
    { tool: "a", policy: "deny", when: { x: { matches: "(" } } },
    { tool: "a", policy: "deny", when: { x: { in: [] } } },
  ])("takes no %j for a rule", (rule) => {
    expect(ToolRule.safeParse(rule).success).toBe(false);
  });
});

describe("strictest", () => {
  it("tightens only", () => {
    expect(strictest()).toBe("allow");
    expect(strictest("ask", undefined, "allow")).toBe("ask");
    expect(strictest("ask", "deny", "allow")).toBe("deny");
  });
});
