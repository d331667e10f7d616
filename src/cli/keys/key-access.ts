import type { LocalAccess } from "../../auth/local-access.ts";
import { openDatabase } from "../../container.ts";
import { systemClock } from "../../core/clock.ts";
import { createLog } from "../../core/log.ts";
import type { LoadedSettings } from "../../config/settings.ts";
import { keyCreate } from "../../http/key-schemas.ts";
import { keyJson } from "../../http/present.ts";
import { deleteKey, listKeys, revokeKey, rotateKey } from "../../services/keys/change.ts";
import { createKey, type KeyContext } from "../../services/keys/create.ts";
import { openSignals } from "../../signals/open-signals.ts";
import { checkedFlags } from "../checked-flags.ts";
import { askServer, runningServer } from "../running-server.ts";

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
  const server = await runningServer(loaded);
  return server ? ofServer(server) : ofDatabase(loaded);
}

const at = (name: string): string => `/${encodeURIComponent(name)}`;

function ofServer(server: LocalAccess): KeyAccess {
  const ask = <T>(method: string, path: string, body?: object): Promise<T> =>
    askServer(server, { method, path: `/keys${path}`, body });
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
      const { admin, ...fields } = checkedFlags(keyCreate, body);
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
