import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";
import { isJsonObject } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import type { User } from "../domain/actor.ts";
import type { Loopback } from "./loopback.ts";

/** Where the SDK looks for the server it runs in. */
const FETCH = Symbol.for("langgraph_api:fetch");
const URL_OF_SERVER = Symbol.for("langgraph_api:url");
const LOGGER = Symbol.for("langgraph.api.sdk-logger");

/** The levels of the SDK's logger, by those of our log. */
const LEVELS = {
  error: "error",
  warn: "warn",
  help: "info",
  data: "info",
  info: "info",
  prompt: "info",
  http: "debug",
  verbose: "debug",
  debug: "debug",
  input: "debug",
  silly: "trace",
} as const;

const running = (): Record<string, unknown> =>
  AsyncLocalStorageProviderSingleton.getRunnableConfig()?.configurable ?? {};

/** The user that the server has stamped into the config of the running node. */
function runningUser(): User | undefined {
  const user = running()["langgraph_auth_user"];
  // Stamped by execute-run.ts, so it is one.
  return isJsonObject(user) ? (user as User) : undefined;
}

const fieldsOf = (value: unknown): object => {
  if (value instanceof Error) return { err: value };
  return typeof value === "object" && value !== null ? value : { data: value };
};

function sdkLogger(log: Log): Record<string, (...parts: unknown[]) => unknown> {
  const logger: Record<string, (...parts: unknown[]) => unknown> = {};
  for (const [name, level] of Object.entries(LEVELS)) {
    logger[name] = (message, ...more) => {
      const { run_id, thread_id } = running();
      const isText = typeof message === "string";
      const fields = Object.assign({}, ...(isText ? more : [message, ...more]).map(fieldsOf));
      log[level]({ run_id, thread_id, ...fields }, isText ? message : undefined);
      return logger;
    };
  }
  return logger;
}

/**
 * Makes this server the one that `new Client()` without a URL reaches, on behalf of the run it is made
 * in, and `getLogger()` write into our log. Of several servers in a process the last counts; returns its
 * undoing.
 */
export function installSdkHooks(parts: { loopback: Loopback; url: string; log: Log }): () => void {
  const { loopback, url, log } = parts;
  const hooks: Record<symbol, unknown> = {
    [FETCH]: (input: string | URL | Request, init?: RequestInit) =>
      loopback.fetch(new Request(input, init), runningUser()),
    [URL_OF_SERVER]: url,
    [LOGGER]: sdkLogger(log),
  };
  Object.assign(globalThis, hooks);
  return () => {
    if (Reflect.get(globalThis, LOGGER) !== hooks[LOGGER]) return;
    for (const key of Object.getOwnPropertySymbols(hooks)) Reflect.deleteProperty(globalThis, key);
  };
}
