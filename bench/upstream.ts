// A fake OpenAI-wire model server on loopback: every streamed answer is 20 short tokens in one burst,
// so that what is measured is the cost of the server in front of it. Sends its port to its parent.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const TOKENS = 20;
const WORDS = Array.from({ length: TOKENS }, (_, index) => ` w${index}`);

let served = 0;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    const isStreamed = typeof body === "object" && body !== null && "stream" in body && body.stream;
    if (isStreamed === true) stream(response);
    else
      response
        .writeHead(400, { "content-type": "application/json" })
        .end('{"error":{"message":"only streams"}}');
  });
}

function stream(response: ServerResponse): void {
  served += 1;
  const frame = `"id":"chatcmpl-${served}","object":"chat.completion.chunk","created":1,"model":"bench"`;
  const chunk = (delta: string, finish: string) =>
    `data: {${frame},"choices":[{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}],"usage":null}\n\n`;
  const usage = `{"prompt_tokens":10,"completion_tokens":${TOKENS},"total_tokens":${10 + TOKENS}}`;
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  response.end(
    [
      chunk('{"role":"assistant","content":""}', "null"),
      ...WORDS.map((word) => chunk(`{"content":"${word}"}`, "null")),
      chunk("{}", '"stop"'),
      `data: {${frame},"choices":[],"usage":${usage}}\n\n`,
      "data: [DONE]\n\n",
    ].join(""),
  );
}

const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, answer);
server.listen(0, "127.0.0.1", () => {
  // A server that listens on a port has an address of this form.
  process.send?.((server.address() as AddressInfo).port);
});
process.on("disconnect", () => process.exit(0));
