import { AppError, RefusedError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import { type AccessFilter, parseFilter } from "../domain/access-filter.ts";
import { type Actor, actorOf, type User } from "../domain/actor.ts";
import type { Deed } from "./guard-port.ts";

type Handler = (argument: unknown) => unknown;

/** The handlers inside an `Auth` of the SDK. */
export interface HandlerTable {
  authenticate: Handler;
  callbacks: ReadonlyMap<string, Handler>;
}

/** Runs the auth handlers of langgraph.json's `auth.path`. */
export class AuthHandlers {
  readonly #table: HandlerTable;

  constructor(table: HandlerTable) {
    this.#table = table;
  }

  /** Who sent a request; its body is the routes' to read. */
  async authenticate({ url, method, headers }: Request): Promise<Actor> {
    const request = new Request(url, { method, headers });
    const answer = await refusable(() => this.#table.authenticate(request));
    return actorOf(userOf(answer), "custom");
  }

  /** Asks the most specific handler; what none was written for is refused. */
  async decide(actor: Actor, { event, value }: Deed): Promise<AccessFilter | undefined> {
    const [resource = "", action = ""] = event.split(":");
    const handler = [event, resource, `*:${action}`, "*"]
      .map((name) => this.#table.callbacks.get(name))
      .find((found) => found !== undefined);
    if (!handler) throw new AppError("forbidden", `No auth handler allows ${event}`);
    const { user, permissions } = actor;
    const answer = await refusable(() =>
      handler({ event, resource, action, value, user, permissions: [...permissions] }),
    );
    if (answer === undefined || answer === null || answer === true) return undefined;
    if (answer === false) throw new AppError("forbidden", `${event} is not allowed`);
    if (typeof answer !== "object")
      throw new TypeError(`The auth handler of ${event} answered neither a filter nor a boolean`);
    return parseFilter(answer);
  }
}

function userOf(answer: unknown): User {
  if (typeof answer === "string" && answer !== "") return userOf({ identity: answer });
  if (answer === undefined || answer === null || answer === false)
    throw new AppError("unauthorized", "Not authenticated");
  const { identity } = isJsonObject(answer) ? answer : {};
  if (!isJsonObject(answer) || typeof identity !== "string" || identity === "")
    throw new TypeError("The authenticate handler answered no text and no object with an identity");
  if (answer["is_authenticated"] === false) throw new AppError("unauthorized", "Not authenticated");
  const { display_name: name, permissions, key_id: _ours, ...fields } = answer;
  return {
    // What a graph gets of it is JSON.
    ...JSON.parse(JSON.stringify(fields)),
    identity,
    display_name: typeof name === "string" ? name : identity,
    is_authenticated: true,
    permissions: Array.isArray(permissions) ? permissions.filter(isText) : [],
  };
}

const isText = (value: unknown): value is string => typeof value === "string";

/** Calls a handler; an HTTPException of the SDK, which may come in another copy, keeps its status. */
async function refusable(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    const { status, headers, message } = isException(error) ? error : {};
    if (status === undefined) throw error;
    const isError = Number.isInteger(status) && status >= 400 && status <= 599;
    throw new RefusedError(isError ? status : 403, message ?? "Forbidden", headersOf(headers));
  }
}

type HeadersLike = ConstructorParameters<typeof Headers>[0];

interface Exception {
  status: number;
  headers?: HeadersLike;
  message?: string;
}

const isException = (error: unknown): error is Exception =>
  error instanceof Error && "status" in error && typeof error.status === "number";

/** Headers in any form the SDK takes them; those of a body that is ours are left out. */
function headersOf(init: HeadersLike): Headers {
  const headers = new Headers(init);
  for (const name of ["content-length", "content-encoding", "transfer-encoding"])
    headers.delete(name);
  return headers;
}
