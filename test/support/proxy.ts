import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";

/** A forward proxy on loopback that remembers what it was asked. */
export async function startProxy() {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const { url = "", method, headers } = request;
    asked.push({ target: new URL(url).host, authorization: headers["proxy-authorization"] });
    const { "proxy-authorization": _, ...passed } = headers;
    const onward = httpRequest(url, { method, headers: passed }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    response.on("close", () => onward.destroy());
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.on("connect", (request, socket, head) => {
    const target = request.url ?? "";
    asked.push({ target, authorization: request.headers["proxy-authorization"] });
    const [host = "", port = ""] = target.split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    host: `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
