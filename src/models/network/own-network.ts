import { readFile } from "node:fs/promises";
import { Agent, fetch as undiciFetch, ProxyAgent, type Dispatcher } from "undici";
import { AppError } from "../../core/errors.ts";
import type { Transport } from "../transport.ts";

export interface NetworkOptions {
  readonly proxyUrl: string | undefined;
  readonly caFile: string | undefined;
  readonly isTlsInsecure: boolean;
}

/** A fetch with a proxy, certificates or no check of certificates. */
export async function openNetwork(options: NetworkOptions): Promise<Transport> {
  const dispatcher = await dispatcherOf(options);
  return async (input, init = {}) =>
    asResponse(await undiciFetch(asInput(input), { ...asInit(init), dispatcher }));
}

async function dispatcherOf(options: NetworkOptions): Promise<Dispatcher> {
  const { proxyUrl, caFile, isTlsInsecure } = options;
  const tls = {
    ...(caFile === undefined ? {} : { ca: await readCertificates(caFile) }),
    ...(isTlsInsecure ? { rejectUnauthorized: false } : {}),
  };
  if (proxyUrl === undefined) return new Agent({ connect: tls });
  if (!/^https?:\/\//.test(proxyUrl) || !URL.canParse(proxyUrl))
    throw new AppError("unavailable", "proxy: expected an http or https URL");
  return new ProxyAgent({ uri: proxyUrl, requestTls: tls });
}

async function readCertificates(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    throw new AppError("unavailable", `ca_file ${path} cannot be read`);
  }
}

type UndiciInput = Parameters<typeof undiciFetch>[0];
type UndiciInit = NonNullable<Parameters<typeof undiciFetch>[1]>;

/** Node's own fetch is an older undici: the same classes by shape, not by name. */
const asInput = (input: string | URL | Request): UndiciInput => input as UndiciInput;
const asInit = ({ headers, ...rest }: RequestInit): UndiciInit =>
  ({ ...rest, headers: [...new Headers(headers)] }) as unknown as UndiciInit;
const asResponse = (response: unknown): Response => response as Response;
