import type { Context } from "../context.ts";

/** What an address of this server begins with: whole where the settings tell what clients call it, or `origin` does. */
export const addressBase = (
  { settings, langgraph }: Pick<Context, "settings" | "langgraph">,
  origin = "",
): string => settings.public_url?.replace(/\/+$/, "") ?? `${origin}${langgraph.http.mountPrefix}`;
