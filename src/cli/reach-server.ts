import { findServer } from "../auth/local-access.ts";
import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import { ConfigError } from "../core/errors.ts";
import { startServer } from "../main.ts";

const LOOK_MS = 1500;

/** A server that answers. */
export interface ReachedServer {
  url: string;
  /** The key that was given for it. */
  apiKey: string | undefined;
  /** What lets its operator in, where it is on this machine. */
  secret: string | undefined;
  isOwn: boolean;
  close(): Promise<void>;
}

export interface ServerWish {
  url?: string | undefined;
  key?: string | undefined;
  /** Of the server that is started where none runs. */
  settings: Record<string, unknown>;
}

/** A server for a command that starts no runs leaves those that wait, where it can, to one that stays. */
export const fewWorkers = ({ settings }: LoadedSettings): { workers: number } => ({
  workers: settings.database_url === undefined ? 1 : 0,
});

/** The server that is named or runs, or one started for this command. */
export async function reachServer(
  loaded: LoadedSettings,
  { url, key, settings }: ServerWish,
): Promise<ReachedServer> {
  const apiKey = key ?? loaded.env["KAGARI_API_KEY"];
  for (const address of addressesOf(loaded, url)) {
    if (!(await isServing(address))) continue;
    const secret = secretOf(loaded, address);
    return { url: address, apiKey, secret, isOwn: false, close: async () => undefined };
  }
  if (url !== undefined) throw new ConfigError(`No server answers at ${url}`);
  const server = await startServer({ settings: { log_level: "error", ...settings, port: 0 } });
  const { url: address, localSecret: secret } = server;
  return { url: address, apiKey, secret, isOwn: true, close: () => server.close() };
}

/** Where a server may be: where the settings say, or where that of the data directory said it is. */
function addressesOf({ settings, root }: LoadedSettings, url: string | undefined): string[] {
  if (url !== undefined) return [url.replace(/\/+$/, "")];
  const own = findServer(fromRoot(root, settings.data_dir))?.url;
  const said = `http://${hostOf(settings.host)}:${settings.port}`;
  return own === undefined ? [said] : [said, own];
}

/** What lets the operator in at the server of this data directory. */
function secretOf({ settings, root }: LoadedSettings, url: string): string | undefined {
  const known = findServer(fromRoot(root, settings.data_dir));
  return known && new URL(known.url).host === new URL(url).host ? known.secret : undefined;
}

/** Where to ask a server that listens on all addresses. */
const hostOf = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
};

async function isServing(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ok`, { signal: AbortSignal.timeout(LOOK_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
