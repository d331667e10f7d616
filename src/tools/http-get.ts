import { tool } from "@langchain/core/tools";
import { z } from "zod";
import { getOutbound, type OutboundAnswer, type OutboundPolicy } from "../core/outbound.ts";
import { currentRuntime } from "../models/runtime.ts";

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 5 * 1024 * 1024;
const MAX_REDIRECTS = 5;
/** What is read of a page's source; more would keep the process busy. */
const MAX_SOURCE = 1024 * 1024;

const HTML = /^(?:text\/html|application\/xhtml\+xml)/i;
const TEXT = /^(?:text\/|application\/(?:[\w.+-]*\+)?(?:json|xml|yaml|x-ndjson|javascript)|$)/i;
const HEADERS = {
  accept: "text/html, application/json;q=0.9, text/*;q=0.8, */*;q=0.1",
  "user-agent": "kagari",
};
const PUBLIC_ONLY: OutboundPolicy = { allowedHosts: [], setting: "tool_allowed_hosts" };

/** Reads a page of the public web. */
export const httpGetTool = () =>
  tool(
    async ({ url }, { signal }: { signal?: AbortSignal }) => {
      const { answer, address } = await follow(url, signal);
      return `${address}\nStatus ${answer.status}\n\n${await readable(answer)}`;
    },
    {
      name: "http_get",
      description: "Reads a page, or a file of text, from the web by its address.",
      schema: z.object({ url: z.string().max(2048).describe("An http or https URL.") }),
    },
  );

/** Each address on the way is checked, and resolved once, as the first. */
async function follow(
  url: string,
  signal: AbortSignal | undefined,
): Promise<{ answer: OutboundAnswer; address: string }> {
  const policy = currentRuntime().tools?.outbound ?? PUBLIC_ONLY;
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, headers: HEADERS, signal };
  let address = url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const answer = await getOutbound({ url: address, ...limits }, policy);
    const { status, location } = answer;
    if (status < 300 || status > 399 || location === undefined) return { answer, address };
    address = new URL(location, address).href;
  }
  throw new Error(`${url} leads on to other addresses more than ${MAX_REDIRECTS} times`);
}

async function readable({ contentType, bytes }: OutboundAnswer): Promise<string> {
  if (HTML.test(contentType)) return await textOfPage(decoded(bytes, contentType));
  if (TEXT.test(contentType)) return decoded(bytes, contentType);
  return `[${bytes.length} bytes of ${contentType}, which is no text.]`;
}

function decoded(bytes: Buffer, contentType: string): string {
  const head = HTML.test(contentType) ? bytes.subarray(0, 1024).toString("latin1") : "";
  const charset =
    /charset\s*=\s*"?([\w-]+)/i.exec(contentType)?.[1] ??
    /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1];
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // An encoding that nobody knows.
    return bytes.toString("utf8");
  }
}

async function textOfPage(html: string): Promise<string> {
  const { convert } = await import("html-to-text");
  return convert(html, {
    wordwrap: false,
    limits: { maxInputLength: MAX_SOURCE, maxDepth: 200 },
    selectors: [
      { selector: "a", options: { hideLinkHrefIfSameAsText: true, ignoreHref: false } },
      { selector: "img", format: "skip" },
      { selector: "nav", format: "skip" },
      { selector: "svg", format: "skip" },
      ...["h1", "h2", "h3", "h4", "h5", "h6"].map((selector) => ({
        selector,
        options: { uppercase: false },
      })),
    ],
  });
}
