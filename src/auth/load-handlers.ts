import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { LanggraphFile } from "../config/langgraph-file.ts";
import { ConfigError, reasonOf } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { AuthHandlers, type HandlerTable } from "./handlers.ts";

/** Imports the module of `auth.path`, if there is one; whatever is wrong with it stops the start. */
export async function loadHandlers({
  path,
  auth: { handlers: source },
}: LanggraphFile): Promise<AuthHandlers | undefined> {
  if (source === undefined) return undefined;
  const bad = (why: string, cause?: unknown) =>
    new ConfigError(`${path}: auth.path: ${source.file} ${why}`, { cause });
  if (!existsSync(source.file)) throw bad("does not exist");
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(source.file).href);
  } catch (error) {
    throw bad(`failed on import: ${reasonOf(error)}`, error);
  }
  const auth = module[source.exportName];
  if (auth === undefined) throw bad(`has no export named ${JSON.stringify(source.exportName)}`);
  const table = tableOf(auth);
  if (!table)
    throw bad(
      `has to export an Auth of @langchain/langgraph-sdk/auth with an authenticate handler`,
    );
  return new AuthHandlers(table);
}

type Handler = HandlerTable["authenticate"];

const isHandler = (value: unknown): value is Handler => typeof value === "function";

/** An Auth is known by its shape, since it may come from another copy of the SDK. */
function tableOf(auth: unknown): HandlerTable | undefined {
  const cache = isJsonObject(auth) ? (auth["~handlerCache"] as unknown) : undefined;
  if (!isJsonObject(cache)) return undefined;
  const { authenticate, callbacks = {} }: { authenticate?: unknown; callbacks?: unknown } = cache;
  if (!isHandler(authenticate) || !isJsonObject(callbacks)) return undefined;
  const entries = Object.entries(callbacks as Record<string, unknown>);
  return {
    authenticate,
    callbacks: new Map(
      entries.flatMap(([name, handler]): [string, Handler][] =>
        isHandler(handler) ? [[name, handler]] : [],
      ),
    ),
  };
}
