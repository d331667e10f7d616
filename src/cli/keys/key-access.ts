import { findServer, type LocalAccess } from "../../auth/local-access.ts";
import { openDatabase } from "../../container.ts";
import { systemClock } from "../../core/clock.ts";
import { AppError, ConfigError } from "../../core/errors.ts";
import { createLog } from "../../core/log.ts";
import { fromRoot, type LoadedSettings } from "../../config/settings.ts";
import { keyCreate } from "../../http/key-schemas.ts";
import { keyJson } from "../../http/present.ts";
import { deleteKey, listKeys, revokeKey, rotateKey } from "../../services/keys/change.ts";
import { createKey, type KeyContext } from "../../services/keys/create.ts";
import { openSignals } from "../../signals/open-signals.ts";

export type ShownKey = ReturnType<typeof keyJson>;
export type NewKey = ShownKey & { secret: string };

/** What can be done to keys, whether a server runs or not. */
export interface KeyAccess {
  create(body: object): Promise<NewKey>;
  list(): Promise<ShownKey[]>;
  revoke(name: string): Promise<ShownKey>;
  rotate(name: string): Promise<NewKey>;
  delete(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Asks the server that owns the database; where none runs, or many share it, opens the database. */
export async function openKeys(loaded: LoadedSettings): Promise<KeyAccess> {
  const { settings, root } = loaded;
  if (settings.database_url === undefined) {
    const server = findServer(fromRoot(root, settings.data_dir));
    if (server && (await isThere(server))) return ofServer(server);
  }
  return ofDatabase(loaded);
}

const LOOK_MS = 3_000;

const headersOf = ({ secret }: LocalAccess) => ({
  authorization: `Bearer ${secret}`,
  "content-type": "application/json",
});

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

const at = (name: string): string => `/${encodeURIComponent(name)}`;

function ofServer(server: LocalAccess): KeyAccess {
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${server.url}/keys${path}`, {
      method,
      headers: headersOf(server),
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
    const { detail } = JSON.parse(text) as { detail?: string };
    throw new ConfigError(detail ?? `The server answered ${response.status}`);
  };
  return {
    create: (body) => ask("POST", "", body),
    list: () => ask("GET", ""),
    revoke: (name) => ask("POST", `${at(name)}/revoke`),
    rotate: (name) => ask("POST", `${at(name)}/rotate`),
    delete: (name) => ask("DELETE", at(name)),
    close: () => Promise.resolve(),
  };
}

async function ofDatabase(loaded: LoadedSettings): Promise<KeyAccess> {
  const log = createLog("error");
  const storage = await openDatabase(loaded, log);
  const signals = await openSignals(loaded.settings.database_url, log);
  const keysChanged = async () => signals.notify("keys", ["*"]);
  const ctx: KeyContext = {
    storage,
    clock: storage.clock ?? systemClock,
    guard: { keysChanged },
  };
  return {
    create: async (body) => {
      const { admin, ...fields } = checked(body);
      const { key, secret } = await createKey(ctx, { ...fields, is_admin: admin });
      return { ...keyJson(key), secret };
    },
    list: async () => (await listKeys(ctx)).map(keyJson),
    revoke: async (name) => keyJson(await revokeKey(ctx, { name })),
    rotate: async (name) => {
      const { key, secret } = await rotateKey(ctx, { name });
      return { ...keyJson(key), secret };
    },
    delete: (name) => deleteKey(ctx, { name }),
    close: async () => {
      await signals.close();
      await storage.close();
    },
  };
}

function checked(body: object) {
  const result = keyCreate.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new AppError("bad_request", `${issue?.path.join(".")}: ${issue?.message}`);
}
