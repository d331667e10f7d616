import { lookup as resolve } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { AppError } from "./errors.ts";
import { isPublicAddress } from "./public-address.ts";

const MAX_URL_LENGTH = 2048;

/** Which addresses requests to URLs of clients may go to. */
export interface OutboundPolicy {
  /** Hosts, or `host:port`, that may be internal: the operator's own choice. */
  readonly allowedHosts: readonly string[];
  /** The setting that lists them, for messages; webhooks' own where not given. */
  readonly setting?: string;
  /** The only hosts that may be reached, `*.` before one for all below it; any where not given. */
  readonly domains?: readonly string[] | undefined;
  readonly ports?: readonly number[] | undefined;
  readonly isHttpsOnly?: boolean | undefined;
  readonly maxLength?: number | undefined;
}

/** The policy of a comma-separated list of hosts. */
export const outboundPolicy = (hosts: string): OutboundPolicy => ({
  allowedHosts: hosts
    .split(",")
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== ""),
});

const refuse = (url: string, why: string) =>
  new AppError("validation", `${JSON.stringify(url.slice(0, 200))} is refused: ${why}`);

/** The host without the brackets of an IPv6 address and the dot of a full name. */
const hostOf = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");

const portOf = ({ port, protocol }: URL) => port || (protocol === "https:" ? "443" : "80");

const isAllowed = (url: URL, { allowedHosts }: OutboundPolicy): boolean =>
  allowedHosts.includes(hostOf(url)) || allowedHosts.includes(`${hostOf(url)}:${portOf(url)}`);

const isLocalName = (host: string) => /(^|\.)(localhost|local|internal)$/.test(host);

const isOfDomain = (host: string, domain: string): boolean =>
  domain.startsWith("*.") ? host.endsWith(domain.slice(1)) : host === domain;

/** What the operator's list of hosts and ports says against a URL. */
function objection(url: URL, { domains, ports, isHttpsOnly }: OutboundPolicy): string | undefined {
  if (isHttpsOnly === true && url.protocol !== "https:") return "it is no https URL";
  if (ports !== undefined && !ports.includes(Number(portOf(url))))
    return `port ${portOf(url)} is not among those allowed`;
  if (domains === undefined) return undefined;
  return domains.some((domain) => isOfDomain(hostOf(url), domain.toLowerCase()))
    ? undefined
    : "its host is not among those allowed";
}

/** Checks all of a URL that can be checked without asking for its name; a validation error when refused. */
export function checkOutboundUrl(text: string, policy: OutboundPolicy): URL {
  const { maxLength = MAX_URL_LENGTH } = policy;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:\/\//i.test(text)) throw refuse(text, "it is no http or https URL");
  if (text.length > maxLength) throw refuse(text, `it is longer than ${maxLength} signs`);
  if (url.username !== "" || url.password !== "") throw refuse(text, "it has credentials in it");
  const why = objection(url, policy);
  if (why !== undefined) throw refuse(text, why);
  const host = hostOf(url);
  if (isAllowed(url, policy)) return url;
  if (isLocalName(host) || (isIP(host) > 0 && !isPublicAddress(host)))
    throw refuse(
      text,
      `its host is not public and not in ${policy.setting ?? "webhook_allowed_hosts"}`,
    );
  return url;
}

/** The one address to connect to; all that the name stands for must be public. */
async function addressOf(url: URL, policy: OutboundPolicy): Promise<string> {
  const host = hostOf(url);
  const found = isIP(host) > 0 ? [{ address: host }] : await resolve(host, { all: true });
  const [first] = found;
  const isFine = isAllowed(url, policy) || found.every(({ address }) => isPublicAddress(address));
  if (first && isFine) return first.address;
  throw refuse(url.href, "its host stands for an address that is not public");
}

export interface OutboundPost {
  url: string;
  body: string;
  headers: Record<string, string>;
  timeoutMs: number;
  /** Of the answer, which nobody reads. */
  maxBytes: number;
  signal: AbortSignal;
}

/** Posts to a URL of a client's: one lookup, one address, no redirect, bounded. Answers the status. */
export async function postOutbound(post: OutboundPost, policy: OutboundPolicy): Promise<number> {
  const signal = AbortSignal.any([post.signal, AbortSignal.timeout(post.timeoutMs)]);
  const url = checkOutboundUrl(post.url, policy);
  const address = await abortable(addressOf(url, policy), signal);
  const response = await send(url, address, { ...post, signal });
  // The status is the answer; the rest is only taken so that the other side can end in peace.
  await drain(response, post.maxBytes).catch(() => undefined);
  response.destroy();
  return response.statusCode ?? 0;
}

export interface OutboundGet {
  url: string;
  timeoutMs: number;
  /** Most that is read; a longer answer is a validation error. */
  maxBytes: number;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** What a GET was answered. */
export interface OutboundAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly bytes: Buffer;
  /** Where a redirect points, which nobody has followed. */
  readonly location?: string | undefined;
}

/** Reads a URL of a client's: one lookup, one address, no redirect, bounded in time and size. */
export async function getOutbound(
  get: OutboundGet,
  policy: OutboundPolicy,
): Promise<OutboundAnswer> {
  const timeout = AbortSignal.timeout(get.timeoutMs);
  const signal = get.signal === undefined ? timeout : AbortSignal.any([get.signal, timeout]);
  const url = checkOutboundUrl(get.url, policy);
  const address = await abortable(addressOf(url, policy), signal);
  const { headers = {} } = get;
  const response = await send(url, address, { signal, headers });
  try {
    return {
      location: response.headers.location,
      status: response.statusCode ?? 0,
      contentType: response.headers["content-type"] ?? "",
      bytes: await readAtMost(response, get),
    };
  } finally {
    response.destroy();
  }
}

async function readAtMost(response: IncomingMessage, get: OutboundGet): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    const bytes = Buffer.from(part);
    size += bytes.length;
    if (size > get.maxBytes) throw refuse(get.url, `it is larger than ${get.maxBytes} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

interface OutboundRequest {
  readonly signal: AbortSignal;
  readonly headers?: Record<string, string>;
  /** Sent by POST; a request without one is a GET. */
  readonly body?: string;
}

function send(url: URL, address: string, request: OutboundRequest): Promise<IncomingMessage> {
  const family = isIP(address) === 6 ? 6 : 4;
  const { signal, headers = {}, body } = request;
  const options: RequestOptions = {
    method: body === undefined ? "GET" : "POST",
    agent: false,
    signal,
    headers:
      body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) },
    lookup: (_host, asked, done) =>
      asked.all ? done(null, [{ address, family }]) : done(null, address, family),
  };
  return new Promise((settle, reject) => {
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    start(url, options).once("response", settle).once("error", reject).end(body);
  });
}

async function drain(response: IncomingMessage, maxBytes: number): Promise<void> {
  let size = 0;
  for await (const part of response) {
    size += Buffer.byteLength(part);
    if (size > maxBytes) return;
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((settle, reject) => {
    const give = () =>
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    if (signal.aborted) give();
    signal.addEventListener("abort", give, { once: true });
    promise.then(settle, reject).finally(() => signal.removeEventListener("abort", give));
  });
}
