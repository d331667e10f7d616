import type { Json } from "../core/json.ts";

/** Who somebody is, as graphs see it: what an auth handler answered, or the API key that was used. */
export interface User {
  identity: string;
  display_name: string;
  is_authenticated: boolean;
  permissions: string[];
  /** The API key it came with. */
  key_id?: string;
  /** May do what concerns the whole server. */
  is_admin?: boolean;
  /** The only models and graphs it may use, where it is limited to some. */
  models?: string[];
  graphs?: string[];
  [field: string]: Json | undefined;
}

/** On whose behalf something is done. */
export interface Actor {
  /**
   * `server` doing its own work, which needs no permission; `anonymous` for whoever has not said who
   * they are; `key` for an API key; `custom` for whom the operator's auth handlers know.
   */
  readonly kind: "server" | "anonymous" | "key" | "custom";
  /** Whose rows are created; empty where nobody is told from anybody else. */
  readonly identity: string;
  readonly permissions: readonly string[];
  /** Null for the server and for the anonymous. */
  readonly user: User | null;
}

const nobody = { identity: "", permissions: [], user: null };

/** The server doing its own work. */
export const SERVER: Actor = { ...nobody, kind: "server" };

/** Whoever has not said who they are. */
export const ANONYMOUS: Actor = { ...nobody, kind: "anonymous" };

export const actorOf = (user: User, kind: "key" | "custom"): Actor => ({
  kind,
  identity: user.identity,
  permissions: user.permissions,
  user,
});

/** May the actor use this model or graph? */
export function mayUse({ user }: Actor, kind: "models" | "graphs", id: string): boolean {
  const only = user?.[kind];
  return only === undefined || only.includes(id);
}

/** Does one of the patterns allow an action: `*`, `threads`, `threads:*`, `threads:read`, or a path such as `/v1/*`? */
export function isInScope(
  patterns: readonly string[],
  { event, path }: { event: string; path: string },
): boolean {
  const [resource = ""] = event.split(":");
  return patterns.some((pattern) => {
    if (pattern.startsWith("/"))
      return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
    return ["*", resource, `${resource}:*`, event].includes(pattern);
  });
}
