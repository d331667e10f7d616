import type { Context } from "../../../context.ts";
import { newId } from "../../../core/ids.ts";
import type { StoredResponse } from "../../../domain/response.ts";
import type { Run } from "../../../domain/run.ts";
import { deleteResponse } from "../../../services/responses/stored.ts";
import type { ApiRequest } from "../../route.ts";
import { begunResponse, type ResponseRequest } from "./request.ts";
import type { Listener, Speech } from "./speech.ts";

export type ResponseCall = ApiRequest<unknown, unknown, ResponseRequest>;

/** A response that is being made. */
export interface Making {
  stored: StoredResponse;
  /** That makes it, where a graph does. */
  run?: Run;
  speech: (listener: Listener) => Promise<Speech>;
}

export function newStored(
  { ctx, body, creation }: ResponseCall,
  from: Pick<StoredResponse, "source" | "thread_id">,
): StoredResponse {
  const about = { response_id: creation?.id ?? newId(), created_at: ctx.clock.now() };
  return {
    ...about,
    ...from,
    previous_id: body.previous_response_id ?? null,
    response: begunResponse(body, about),
    input: body.input.map((item, index) => ({ id: `in_${about.response_id}_${index}`, ...item })),
    metadata: body.metadata ?? {},
  };
}

/** A response that nothing makes is none. */
export async function orForget<T>(
  ctx: Context,
  { response_id }: StoredResponse,
  creation: Promise<T>,
): Promise<T> {
  try {
    return await creation;
  } catch (error) {
    await deleteResponse(ctx, { response_id }).catch((failure: unknown) =>
      ctx.log.error({ err: failure, response_id }, "a response without a maker was left"),
    );
    throw error;
  }
}
