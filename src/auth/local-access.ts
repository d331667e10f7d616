import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const FILE = "server.json";

const access = z.object({ url: z.url(), secret: z.string() });

/** Where the server of a data directory is, and what lets its operator in. */
export type LocalAccess = z.output<typeof access>;

/** Tells commands of this user where the server is; whoever may read that may read the database as well. */
export function announceServer(dataDir: string, server: LocalAccess): () => void {
  const path = join(dataDir, FILE);
  rmSync(path, { force: true });
  writeFileSync(path, JSON.stringify(server), { mode: 0o600 });
  return () => rmSync(path, { force: true });
}

/** The server of a data directory, if one said that it is there; it may have died since. */
export function findServer(dataDir: string): LocalAccess | undefined {
  try {
    return access.parse(JSON.parse(readFileSync(join(dataDir, FILE), "utf8")));
  } catch {
    return undefined;
  }
}
