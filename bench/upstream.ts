// upstream.ts [tokens gapMs]
// A fake OpenAI-wire model server on loopback: every streamed answer is short tokens in one burst, 20
// of them or as many as `max_tokens` says, so that what is measured is the cost of the server in front
// of it; with a gap, each token says when it was sent. Sends its port to its parent.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const [TOKENS = 20, GAP_MS = 0] = process.argv.slice(2).map(Number);

const wordsOf = (count: number): string[] => Array.from({ length: count }, (_, at) => ` w${at}`);

let served = 0;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = asBody(JSON.parse(Buffer.concat(parts).toString()));
    const tokens = body.max_tokens ?? TOKENS;
    if (body.stream === true) stream(response, tokens);
    else whole(response, tokens);
  });
}

/** The bench is the only client. */
const asBody = (body: unknown) => body as { stream?: boolean; max_tokens?: number };

const usageOf = (tokens: number): string =>
  `{"prompt_tokens":10,"completion_tokens":${tokens},"total_tokens":${10 + tokens}}`;

function whole(response: ServerResponse, tokens: number): void {
  served += 1;
  const message = `{"role":"assistant","content":"${wordsOf(tokens).join("")}"}`;
  response
    .writeHead(200, { "content-type": "application/json" })
    .end(
      `{"id":"chatcmpl-${served}","object":"chat.completion","created":1,"model":"bench","choices":[{"index":0,"message":${message},"finish_reason":"stop"}],"usage":${usageOf(tokens)}}`,
    );
}

function stream(response: ServerResponse, tokens: number): void {
  served += 1;
  const frame = `"id":"chatcmpl-${served}","object":"chat.completion.chunk","created":1,"model":"bench"`;
  const chunk = (delta: string, finish: string) =>
    `data: {${frame},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}],"usage":null}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const begin = chunk('{"role":"assistant","content":""}', "null");
  const token = (text: string) => chunk(`{"content":"${text}"}`, "null");
  const end = [
    chunk("{}", '"stop"'),
    `data: {${frame},"choices":[],"usage":${usageOf(tokens)}}\n\n`,
    "data: [DONE]\n\n",
  ].join("");
  if (GAP_MS === 0) response.end([begin, ...wordsOf(tokens).map(token), end].join(""));
  else pace(response, { begin, token, end, tokens });
}

interface Answer {
  begin: string;
  token: (text: string) => string;
  end: string;
  tokens: number;
}

/** Sends a token after each gap, by the clock: a late one does not delay those after it. */
function pace(response: ServerResponse, { begin, token, end, tokens }: Answer): void {
  response.write(begin);
  const start = performance.now();
  let sent = 0;
  const next = () => {
    if (response.destroyed) return;
    if (sent === tokens) return void response.end(end);
    sent += 1;
    response.write(token((performance.timeOrigin + performance.now()).toFixed(1)));
    setTimeout(next, Math.max(0, start + (sent + 1) * GAP_MS - performance.now()));
  };
  setTimeout(next, GAP_MS);
}

const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, answer);
server.listen(0, "127.0.0.1", () => {
  // A server that listens on a port has an address of this form.
  process.send?.((server.address() as AddressInfo).port);
});
process.on("disconnect", () => process.exit(0));
