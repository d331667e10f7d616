import { randomBytes } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { isLoopback } from "../core/loopback.ts";
import type { LanggraphFile } from "../config/langgraph-file.ts";
import type { Settings } from "../config/settings.ts";
import type { Signals } from "../signals/port.ts";
import type { Storage } from "../storage/ports.ts";
import { LOCAL_PREFIX } from "./credentials.ts";
import { ServerGuard } from "./guard.ts";
import { KeyRing } from "./key-ring.ts";
import type { AuthHandlers } from "./handlers.ts";

interface Parts {
  settings: Settings;
  langgraph: LanggraphFile;
  handlers: AuthHandlers | undefined;
  storage: Pick<Storage, "apiKeys">;
  clock: Clock;
  signals: Signals;
  log: Log;
  /** The address of the settings is the one that is listened on, and no other server stands before it. */
  isListening: boolean;
}

/** Makes the guard of a server, and finds out whether there are keys. */
export async function openGuard(parts: Parts): Promise<ServerGuard> {
  const { settings, langgraph, handlers, isListening } = parts;
  const { admitsStudio } = langgraph.auth;
  const ring = new KeyRing({ ...parts, keys: parts.storage.apiKeys });
  await ring.isUsed();
  return new ServerGuard({
    ring,
    handlers,
    clock: parts.clock,
    localSecret: LOCAL_PREFIX + randomBytes(32).toString("base64url"),
    admitsStudio: admitsStudio && settings.studio_auth && isListening && isLoopback(settings.host),
  });
}
