import type { Environment } from "./environment.ts";
import type { Settings } from "./settings.ts";

/** Who searches the web, and the key, or the address, that it is asked with. */
export interface WebSearch {
  readonly provider: "tavily" | "brave" | "searxng";
  readonly secret: string;
}

/** In the order in which they are taken where none is named. */
export const SEARCH_KEYS = {
  tavily: "TAVILY_API_KEY",
  brave: "BRAVE_SEARCH_API_KEY",
  searxng: "SEARXNG_API_BASE",
} as const satisfies Record<WebSearch["provider"], string>;

/** Who web_search asks; undefined where no key is set. */
export function webSearchOf(
  wanted: Settings["web_search"],
  env: Environment,
): WebSearch | undefined {
  const all = Object.keys(SEARCH_KEYS) as WebSearch["provider"][];
  for (const provider of all) {
    const secret = env[SEARCH_KEYS[provider]]?.trim();
    if (secret && ["auto", provider].includes(wanted)) return { provider, secret };
  }
  return undefined;
}
