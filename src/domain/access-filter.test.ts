import { describe, expect, it } from "vitest";
import { keepOwnership, meets, parseFilter, stampOf } from "./access-filter.ts";

describe("parseFilter", () => {
  it.each([
    [{ owner: "a" }, { owner: "a" }, true],
    [{ owner: "a" }, { owner: "b" }, false],
    [{ owner: "a" }, { owner: ["a"] }, false],
    [{ owner: "a" }, {}, false],
    [{ owner: { $eq: "a" } }, { owner: "a" }, true],
    [{ teams: { $contains: "x" } }, { teams: ["y", "x"] }, true],
    [{ teams: { $contains: "x" } }, { teams: "x" }, false],
    [{ teams: { $contains: ["x", "z"] } }, { teams: ["y", "x"] }, false],
    [{ owner: "a", org: "o" }, { owner: "a", org: "o" }, true],
    [{ owner: "a", org: "o" }, { owner: "a" }, false],
    [{ $or: [{ owner: "a" }, { public: true }] }, { public: true }, true],
    [{ $or: [] }, { owner: "a" }, false],
    [{ $and: [{ owner: "a" }, { $or: [{ x: 1 }, { x: 2 }] }] }, { owner: "a", x: 2 }, true],
    [{ $and: [{ owner: "a" }, { $or: [{ x: 1 }, { x: 2 }] }] }, { owner: "a", x: 3 }, false],
    [{}, {}, true],
  ])("%j lets %j through: %s", (filter, metadata, isSeen) => {
    expect(meets(metadata, parseFilter(filter))).toBe(isSeen);
  });

  it.each([
    [{ owner: { $ne: "a" } }],
    [{ owner: {} }],
    [{ owner: undefined }],
    [{ owner: ["a"] }],
    [{ owner: { $eq: { deep: 1 } } }],
    [{ $or: { owner: "a" } }],
    [{ $and: ["a"] }],
  ])("refuses %j instead of letting everything through", (filter) => {
    expect(() => parseFilter(filter)).toThrow("auth handler");
  });
});

describe("ownership", () => {
  const access = parseFilter({ owner: "a", teams: { $contains: "x" } });

  it("is what a new row has to have", () => {
    expect(stampOf(access)).toEqual({ owner: "a", teams: ["x"] });
    expect(stampOf(parseFilter({ $or: [{ owner: "a" }] }))).toEqual({});
  });

  it("stays in new metadata and is not taken from them", () => {
    const row = { metadata: { owner: "a", teams: ["x", "y"], note: 1 }, access };
    expect(keepOwnership({ note: 2 }, row)).toEqual({ owner: "a", teams: ["x", "y"], note: 2 });
    expect(() => keepOwnership({ owner: "b" }, row)).toThrow("metadata.owner cannot be changed");
    expect(() => keepOwnership({ teams: ["x"] }, row)).toThrow("metadata.teams");
  });
});
