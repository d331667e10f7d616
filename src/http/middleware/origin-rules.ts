import type { Context } from "../../context.ts";
import { isLoopback } from "../../core/loopback.ts";

/** Which pages of which origins may ask this server, and read what it answers. */
export interface OriginRules {
  /** What an answer may say of an origin: the origin, `*` for all, undefined for not at all. */
  allow(origin: string): string | undefined;
}

const STUDIO = /^https:\/\/([a-z0-9-]+\.)*smith\.langchain\.com$/;

/** Is it Studio, or a page that a server on this machine has made? */
function isOwn(origin: string): boolean {
  const url = URL.parse(origin);
  return STUDIO.test(origin) || (url !== null && isLoopback(url.hostname));
}

/** Does somebody get in here for being at this machine alone? Then no page of a stranger may. */
export const isTrusting = ({ isListening, guard }: Context): boolean =>
  isListening && guard.trustsThisMachine;

/**
 * The origins of `http.cors`, else of the setting. A star among them counts only where requests have
 * to show a key: elsewhere any page that somebody looks at could use the server behind their back.
 */
export function originRules(ctx: Context): OriginRules {
  const fields = ctx.langgraph.http.cors ?? {};
  const named = fields.allow_origins ?? ctx.settings.cors_origins.split(",");
  const pattern =
    fields.allow_origin_regex === undefined
      ? undefined
      : new RegExp(`^(?:${fields.allow_origin_regex})$`);
  // A pattern alone is the whole list.
  const listed = new Set(
    pattern && !fields.allow_origins ? [] : named.map((origin) => origin.trim()),
  );
  const isNamed = (origin: string) => listed.has(origin) || pattern?.test(origin) === true;
  return {
    allow: (origin) => {
      if (isTrusting(ctx)) return isOwn(origin) || isNamed(origin) ? origin : undefined;
      // Browsers take no star with credentials.
      if (listed.has("*")) return fields.allow_credentials && origin !== "" ? origin : "*";
      return isNamed(origin) ? origin : undefined;
    },
  };
}
