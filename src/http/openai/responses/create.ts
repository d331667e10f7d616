import { AppError, ConflictError, NotFoundError } from "../../../core/errors.ts";
import { getResponse } from "../../../services/responses/stored.ts";
import { targetOf } from "../chat/target.ts";
import { answer, awaited, replay } from "./answer.ts";
import { answersOnly, responseAnswered } from "./approvals.ts";
import { byGraph } from "./by-graph.ts";
import { byModel } from "./by-model.ts";
import type { ResponseCall } from "./making.ts";
import { shownResponse, resolved } from "./show.ts";

/** What would change the answer beyond recognition, and is not there. */
const REFUSED = { conversation: "previous_response_id", prompt: "instructions and input" } as const;

/** Answers a request for a response by a model, or by a graph as a durable run. */
export async function createResponse(call: ResponseCall): Promise<Response> {
  const { ctx, body } = call;
  refuseFields(body);
  if (call.creation?.isRepeat) return sameAgain(call, call.creation.id);
  const asked = { ...call, body: await settled(call) };
  const { previous_response_id: response_id } = asked.body;
  const previous = response_id === undefined ? undefined : await getResponse(ctx, { response_id });
  const target = await targetOf(ctx, body.model);
  const making =
    target.kind === "model"
      ? await byModel(asked, target.id, previous)
      : await byGraph(asked, target.assistant_id, previous);
  return answer(asked, making);
}

function refuseFields(body: ResponseCall["body"]): void {
  if (body.background === true && body.store === false)
    throw new AppError("validation", "A response of the background is stored: leave out store");
  for (const [name, instead] of Object.entries(REFUSED))
    if (body[name] != null)
      throw new AppError("validation", `${name} is not understood here: use ${instead}`, {
        details: { errors: [{ loc: ["body", name] }] },
      });
}

/**
 * The request with whole items, and with the response that it goes on from: the one whose requests for leave it
 * answers, where a client sends all of a conversation instead of a name.
 */
async function settled({ ctx, body }: ResponseCall): Promise<ResponseCall["body"]> {
  const answered =
    body.previous_response_id === undefined ? responseAnswered(body.input) : undefined;
  if (answered === undefined) return { ...body, input: await resolved(ctx, body.input) };
  const input = await resolved(ctx, answersOnly(body.input));
  return { ...body, previous_response_id: answered, input };
}

/** What the first request with an Idempotency-Key has made, as it is or comes. */
async function sameAgain(call: ResponseCall, response_id: string): Promise<Response> {
  const { ctx, body } = call;
  const stored = await getResponse(ctx, { response_id }).catch((error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
    throw new ConflictError(
      "The first request with this Idempotency-Key has left no response: it is in progress, was not stored or is deleted",
    );
  });
  if (body.stream === true) return replay(call, stored, -1);
  return Response.json(
    body.background === true ? await shownResponse(ctx, stored) : await awaited(call, stored),
  );
}
