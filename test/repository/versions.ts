/** A package that must not be locked below `floor`, or not at all. */
export interface KnownBad {
  readonly name: string;
  readonly floor?: string;
  readonly reason: string;
}

export const KNOWN_BAD: readonly KnownBad[] = [
  {
    name: "hono",
    floor: "4.12.21",
    reason: "CVE-2026-47673 to 47676 and, below 4.11.4, 22817/22818",
  },
  { name: "@modelcontextprotocol/sdk", floor: "1.24.0", reason: "CVE-2025-66414, DNS rebinding" },
  { name: "@langchain/langgraph-checkpoint-redis", floor: "1.0.1", reason: "CVE-2026-27022" },
  { name: "@langchain/core", floor: "1.1.8", reason: "CVE-2025-68665, lc injection in load()" },
  {
    name: "@langchain/community",
    floor: "1.1.18",
    reason: "SSRF past redirects in RecursiveUrlLoader",
  },
  { name: "langchain", floor: "1.2.3", reason: "CVE-2025-68665, lc injection in load()" },
  { name: "better-sqlite3", reason: "aborts on Node 24 while collecting garbage; use node:sqlite" },
  { name: "@langchain/langgraph-checkpoint-sqlite", reason: "needs better-sqlite3" },
];

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
}

/** Compares two versions by semver precedence: negative, zero or positive. */
export function compareVersions(left: string, right: string): number {
  const [leftCore = "", leftTag] = left.split(/-(.*)/s);
  const [rightCore = "", rightTag] = right.split(/-(.*)/s);
  const options = { numeric: true } as const;
  const byCore = leftCore.localeCompare(rightCore, "en", options);
  if (byCore !== 0) return byCore;
  if (leftTag === undefined || rightTag === undefined) {
    return Number(leftTag === undefined) - Number(rightTag === undefined);
  }
  return leftTag.localeCompare(rightTag, "en", options);
}

/** The locked packages that fall into a known-bad range, one sentence each. */
export function findKnownBad(locked: readonly LockedPackage[]): string[] {
  return KNOWN_BAD.flatMap(({ name, floor, reason }) =>
    locked
      .filter((entry) => entry.name === name)
      .filter(({ version }) => floor === undefined || compareVersions(version, floor) < 0)
      .map(({ version }) => `${name} ${version}: ${reason}; need ${floor ?? "none of it"}`),
  );
}
