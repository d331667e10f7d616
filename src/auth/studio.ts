import type { User } from "../domain/actor.ts";

/** How auth handlers know Studio: `isStudioUser` of the SDK looks for this. */
export const STUDIO_USER: User = {
  kind: "StudioUser",
  identity: "langgraph-studio-user",
  display_name: "langgraph-studio-user",
  is_authenticated: true,
  permissions: [],
};

/** What a proxy adds: then the request may come from anywhere, though it is this machine that asks. */
const OF_PROXIES = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

/** Is it the browser of this machine, with Studio in it? Anybody can send the header, so it counts on loopback only. */
export const isStudio = (headers: Headers): boolean =>
  headers.get("x-auth-scheme") === "langsmith" && !OF_PROXIES.some((name) => headers.has(name));
