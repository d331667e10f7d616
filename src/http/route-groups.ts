import type { RouteGroup } from "../config/langgraph-http.ts";

/** Which paths belong to which group of `http.disable_*`; the first that fits counts. */
const GROUPS: readonly [group: RouteGroup, paths: RegExp][] = [
  ["runs", /^\/(runs|threads\/[^/]+\/runs)(\/|$)/],
  ["threads", /^\/threads(\/|$)/],
  ["assistants", /^\/(assistants|agents)(\/|$)/],
  ["store", /^\/store(\/|$)/],
  ["mcp", /^\/mcp(\/|$)/],
  ["a2a", /^\/(a2a(\/|$)|\.well-known\/agent(-card)?\.json$)/],
  ["ui", /^\/ui(\/|$)/],
  ["webhooks", /^\/webhooks(\/|$)/],
  ["meta", /^\/(info|metrics|docs|openapi\.json)(\/|$)/],
];

/** Whether langgraph.json has switched the routes of a path off. */
export function isSwitchedOff(path: string, disabled: ReadonlySet<RouteGroup>): boolean {
  const [group] = GROUPS.find(([, paths]) => paths.test(path)) ?? [];
  return group !== undefined && disabled.has(group);
}
