import { describe, expect, it } from "vitest";
import { DEFAULT_CONFIGURABLE } from "../config/langgraph-http.ts";
import { headersBy } from "./header-policy.ts";

const headers = new Headers({
  "x-user": "ann",
  "x-org-id": "7",
  "x-api-key": "k",
  "x-tenant-id": "t",
  "x-access-token": "t",
  "x-auth-scheme": "langsmith",
  authorization: "Bearer b",
  cookie: "c",
  "user-agent": "test",
  "my-tag": "m",
  accept: "*/*",
});
const namesOf = (include: readonly string[], exclude: string[] = []) =>
  Object.keys(headersBy({ include, exclude }, headers) ?? {}).toSorted((a, b) =>
    a.localeCompare(b),
  );

describe("headersBy", () => {
  it("takes x-* and the user agent, but nothing that may be a secret", () => {
    expect(namesOf(DEFAULT_CONFIGURABLE)).toEqual(["user-agent", "x-org-id", "x-user"]);
  });

  it("takes what the policy includes instead", () => {
    expect(namesOf(["my-*"])).toEqual(["my-tag"]);
    expect(namesOf(["*"])).toEqual(["accept", "my-tag", "user-agent", "x-org-id", "x-user"]);
  });

  it("takes a secret only when it is named in full", () => {
    expect(namesOf(["x-*", "x-access-token"])).toContain("x-access-token");
    expect(namesOf(["x-access-*"])).toEqual([]);
  });

  it("leaves out what the policy excludes", () => {
    expect(namesOf(DEFAULT_CONFIGURABLE, ["x-org-*"])).toEqual(["user-agent", "x-user"]);
    expect(headersBy({ include: ["*"], exclude: ["*"] }, headers)).toBeUndefined();
  });

  it("takes the signs of a pattern as they are", () => {
    expect(namesOf(["x.user", "x-u?er", "(x-user)"])).toEqual([]);
  });
});
