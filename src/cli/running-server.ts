import { findServer, type LocalAccess } from "../auth/local-access.ts";
import { fromRoot, type LoadedSettings } from "../config/settings.ts";
import { ConfigError } from "../core/errors.ts";

const LOOK_MS = 3_000;

const headersOf = ({ secret }: LocalAccess) => ({
  authorization: `Bearer ${secret}`,
  "content-type": "application/json",
});

/** The server that owns the embedded database; none where nobody runs one, or many share a Postgres. */
export async function runningServer({
  settings,
  root,
}: LoadedSettings): Promise<LocalAccess | undefined> {
  if (settings.database_url !== undefined) return undefined;
  const server = findServer(fromRoot(root, settings.data_dir));
  return server && (await isThere(server)) ? server : undefined;
}

/** A server that died may have left its file, and its port to another program. */
async function isThere(server: LocalAccess): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(LOOK_MS);
    const response = await fetch(`${server.url}/keys`, { headers: headersOf(server), signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

interface Question {
  method: string;
  path: string;
  body?: object | undefined;
}

/** Asks a server as its operator; rejects with what it refuses for. */
export async function askServer<T>(
  server: LocalAccess,
  { method, path, body }: Question,
): Promise<T> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: headersOf(server),
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  const { detail } = JSON.parse(text) as { detail?: string };
  throw new ConfigError(detail ?? `The server answered ${response.status}`);
}
