import { asWireObject, itemsOf, said, type WireObject } from "../wire.ts";

/** Turns the objects of Ollama's /api/chat into those of Chat Completions, one answer each. */
export class NativeAnswer {
  #calls = 0;

  /** One line of a stream, or an error, as a chunk. */
  chunk(line: WireObject): WireObject {
    const error = said(line["error"]);
    if (error !== undefined) return { error: { message: error } };
    const delta = this.#message(line);
    return this.#frame(line, { object: "chat.completion.chunk", choice: { delta } });
  }

  /** A whole answer. */
  completion(body: WireObject): WireObject {
    const message = this.#message(body);
    return this.#frame(body, { object: "chat.completion", choice: { message } });
  }

  #frame(body: WireObject, { object, choice }: { object: string; choice: WireObject }): WireObject {
    const logprobs = itemsOf(body["logprobs"]);
    return {
      object,
      model: body["model"],
      choices: [
        {
          index: 0,
          ...choice,
          finish_reason: body["done"] === true ? this.#reason(body) : null,
          ...(logprobs.length === 0 ? {} : { logprobs: { content: logprobs } }),
        },
      ],
      ...(body["done"] === true ? { usage: usage(body) } : {}),
    };
  }

  #message(body: WireObject): WireObject {
    const message = asWireObject(body["message"]) ?? {};
    const calls = itemsOf(message["tool_calls"]).map((call) => ({
      index: this.#calls++,
      id: said(asWireObject(call)?.["id"]) ?? "",
      type: "function",
      function: asWireObject(call)?.["function"],
    }));
    return {
      role: "assistant",
      content: message["content"] ?? "",
      ...(said(message["thinking"]) === undefined ? {} : { reasoning: message["thinking"] }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
    };
  }

  #reason(body: WireObject): string {
    if (this.#calls > 0) return "tool_calls";
    return said(body["done_reason"]) ?? "stop";
  }
}

function usage(body: WireObject): WireObject {
  const prompt = count(body["prompt_eval_count"]);
  const answer = count(body["eval_count"]);
  return { prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer };
}

const count = (value: unknown): number => (typeof value === "number" ? value : 0);
