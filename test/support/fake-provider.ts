import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { once } from "node:events";
import { text as readText } from "node:stream/consumers";

export interface RecordedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** One answer of the fake: it writes the response, and may leave it open. */
export type Answer = (response: ServerResponse, request: RecordedRequest) => void;

/** A model server on loopback that answers what a test tells it, in order; the last answer repeats. */
export class FakeProvider implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  readonly #server: Server;
  readonly #answers: Answer[];
  readonly #sockets = new Set<object>();
  #closedByClient = 0;
  #onClientClose: (() => void) | undefined;
  #onSocketClose: (() => void) | undefined;

  constructor(server: Server, answers: Answer[]) {
    this.#server = server;
    this.#answers = answers;
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        this.#onSocketClose?.();
      });
    });
    server.on("request", (request, response) => {
      response.on("close", () => {
        if (response.writableFinished) return;
        this.#closedByClient++;
        this.#onClientClose?.();
      });
      void this.#answer(request, response);
    });
  }

  get url(): string {
    const address = this.#server.address();
    return typeof address === "object" && address !== null
      ? `http://127.0.0.1:${address.port}/v1`
      : "";
  }

  /** How many answers the client cut off before their end. */
  get closedByClient(): number {
    return this.#closedByClient;
  }

  /** How many connections are open now. */
  get openSockets(): number {
    return this.#sockets.size;
  }

  async allSocketsClosed(): Promise<void> {
    while (this.#sockets.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onSocketClose = resolve;
      await promise;
    }
  }

  /** The last request's body. */
  get lastBody(): Record<string, unknown> {
    return this.requests.at(-1)?.body ?? {};
  }

  async clientClosed(): Promise<void> {
    if (this.#closedByClient > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onClientClose = resolve;
    await promise;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await readText(request);
    const body: unknown = sent === "" ? {} : JSON.parse(sent);
    const recorded = asRecorded({ path: request.url ?? "", headers: request.headers, body });
    this.requests.push(recorded);
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    (answer ?? textStream("ok"))(response, recorded);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Starts a fake model server on a free port. */
export async function fakeProvider(...answers: Answer[]): Promise<FakeProvider> {
  const server = createServer();
  const provider = new FakeProvider(server, answers);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return provider;
}

export const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 7,
  total_tokens: 18,
  prompt_tokens_details: { cached_tokens: 5 },
  completion_tokens_details: { reasoning_tokens: 3 },
};

const FRAME = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "fake" };

/** A stream chunk that carries one delta. */
export const delta = (fields: Record<string, unknown>, finish: string | null = null) => ({
  ...FRAME,
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});

/** The last chunk of DashScope and OpenAI: usage with no choice. */
export const usageChunk = (usage: Record<string, unknown> = USAGE) => ({
  ...FRAME,
  choices: [],
  usage,
});

/** Streams chunks as SSE; with `isOpen` the answer never ends. */
export function stream(chunks: readonly unknown[], { isOpen = false, isDone = true } = {}): Answer {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    for (const chunk of chunks) response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    if (isOpen) return;
    if (isDone) response.write("data: [DONE]\n\n");
    response.end();
  };
}

/** A whole answer of text in DashScope's shape, one chunk for each character. */
export const textStream = (text: string): Answer =>
  stream([
    delta({ role: "assistant", content: "", reasoning_content: null }),
    ...Array.from(text, (content) => delta({ content })),
    delta({ content: "" }, "stop"),
    usageChunk(),
  ]);

/** Answers JSON, whatever was asked. */
export function json(body: unknown, { status = 200, headers = {} } = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** A completion that is not streamed. */
export const completion = (message: Record<string, unknown>, finish = "stop"): Answer =>
  json({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "fake",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }],
    usage: USAGE,
  });

/** Streams when asked to and answers whole otherwise, as a real server does. */
export const text =
  (content: string): Answer =>
  (response, request) => {
    const answer = request.body["stream"] === true ? textStream(content) : completion({ content });
    answer(response, request);
  };

function asRecorded(request: {
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}): RecordedRequest {
  return request as RecordedRequest;
}
