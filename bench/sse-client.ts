import { Agent, request, type IncomingMessage } from "node:http";

const TIMEOUT_MS = 60_000;

/** A keep-alive client of one server: the client's own cost must stay small beside the server's. */
export class Client {
  readonly #base: URL;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(base: string) {
    this.#base = new URL(base);
  }

  /** Sends JSON and answers the parsed JSON. */
  async json(method: "GET" | "POST", path: string, body?: object): Promise<unknown> {
    return JSON.parse(await textOf(await this.#open(method, path, body)));
  }

  /** Posts and reads server-sent events to the end. */
  async stream(
    path: string,
    body: object,
    onEvent: (name: string, data: string) => void,
  ): Promise<void> {
    const response = await this.#open("POST", path, body);
    response.setEncoding("utf8");
    let rest = "";
    for await (const part of response) {
      const blocks = `${rest}${part}`.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) readEvent(block, onEvent);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      };
      const { hostname, port } = this.#base;
      const call = request({ agent: this.#agent, method, hostname, port, path, headers }, resolve);
      call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error(`${path}: no answer in time`)));
      call.on("error", reject);
      call.end(text);
    });
    const status = response.statusCode ?? 0;
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${await textOf(response)}`);
    return response;
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const part of response) text += String(part);
  return text;
}

function readEvent(block: string, onEvent: (name: string, data: string) => void): void {
  let name = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data += line.slice(5).trim();
  }
  if (data !== "") onEvent(name, data);
}
