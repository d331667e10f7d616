import { EventParser } from "../exchange/event-stream.ts";
import type { Model } from "../model.ts";
import type { ChatWire } from "../network/chat-wire.ts";
import { completionOf } from "./answer.ts";
import { responsesRequest } from "./request.ts";
import { ResponseStream } from "./stream.ts";

/** OpenAI's Responses API, spoken to providers whose model file says so. */
export const responsesWire: ChatWire = {
  address(url) {
    const responses = new URL(url);
    responses.pathname = url.pathname.replace(/\/chat\/completions$/, "/responses");
    return responses;
  },
  request: responsesRequest,
  reader: (model) => ({
    completion: (body) => completionOf(body, model),
    events: (body) => events(body, model),
  }),
};

/** The data of chunks, up to the end of the response; a stream that breaks off before has no `[DONE]`. */
async function* events(
  body: ReadableStream<Uint8Array>,
  model: Model,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const parser = new EventParser();
  const stream = new ResponseStream(model);
  const read = function* (text: string): Generator<string> {
    for (const { data } of parser.push(text)) {
      const chunk = stream.read(data) ?? "";
      yield typeof chunk === "string" ? chunk : JSON.stringify(chunk);
      if (stream.isDone) yield "[DONE]";
    }
  };
  for await (const bytes of body) yield* read(decoder.decode(bytes, { stream: true }));
  yield* read(`${decoder.decode()}\n\n`);
}
