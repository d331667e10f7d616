import type { z } from "zod";
import type { Context } from "../context.ts";
import type { Log } from "../core/log.ts";

import type { SocketHandler, Wire } from "./websocket.ts";
import type { Created, Creation } from "../services/maintenance/idempotency.ts";

export type Method = "get" | "post" | "patch" | "put" | "delete";

/** A request after its parts have been checked. */
export interface ApiRequest<Params, Query, Body> {
  ctx: Context;
  params: Params;
  query: Query;
  body: Body;
  /** The request itself, unread, where its body is a file. */
  file?: Request | undefined;
  headers: Headers;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** Drops the client's connection without an end; absent where the app is not served from a port of its own. */
  drop?: (() => void) | undefined;
  /** Makes the connection a WebSocket; rejects where the client has not asked for one. */
  upgrade: (open: (wire: Wire) => SocketHandler) => Promise<Response>;
  /** Given when the request has an Idempotency-Key. */
  creation?: Creation | undefined;
}

/** What a 2xx answer holds that is no JSON. */
export type NoJson = "nothing" | "events" | "text" | "page" | "bytes" | "socket";

/** What a 2xx answer holds: JSON, or something else, or either as the request wants it. */
export type AnswerKind = z.ZodType | NoJson | readonly [z.ZodType, NoJson];

/** The schema of an answer in JSON, if there is one. */
export function jsonOf(answer: AnswerKind): z.ZodType | undefined {
  if (typeof answer === "string") return undefined;
  return "0" in answer ? answer[0] : answer;
}

/** What an answer is that is no JSON, if it may be. */
export function noJsonOf(answer: AnswerKind): NoJson | undefined {
  if (typeof answer === "string") return answer;
  return "1" in answer ? answer[1] : undefined;
}

/** A route as data: what validates, authorises, documents and answers it. */
export interface Route {
  method: Method;
  path: string;
  summary: string;
  /** `resource:action` that an auth handler decides on; `public` needs none. */
  auth: string;
  /** What a 2xx answer says was created; such a route honours Idempotency-Key. */
  creates?: Created;
  /** It costs money: its answers say what is left of the caller's budget. */
  spends?: true;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  /** Its body may be a file in place of JSON: where the query says its `source`. */
  takesFile?: true;
  response: AnswerKind;
  /** How errors are answered on a foreign protocol. */
  onError?: (error: unknown, log: Log) => Response;
  handle(request: ApiRequest<unknown, unknown, unknown>): Promise<Response> | Response;
}

interface TypedRoute<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
> extends Omit<Route, "handle" | "params" | "query" | "body"> {
  params?: Params;
  query?: Query;
  body?: Body;
  handle(
    request: ApiRequest<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<Response> | Response;
}

/** Declares a route whose handler sees the checked types of its parts. */
export function route<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
>(typed: TypedRoute<Params, Query, Body>): Route {
  return typed;
}
