import { okJson } from "./calls.ts";
import { type Api, apiOf, type TestServer } from "./test-server.ts";

/** Requests that come with a key. */
export const withKey = (server: Api, key: string, header = "x-api-key"): Api =>
  apiOf((path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set(header, header === "x-api-key" ? key : `Bearer ${key}`);
    return server.request(path, { ...init, headers });
  });

/** Makes a key as the operator of the machine does. */
export async function makeKey(
  server: TestServer,
  body: object,
): Promise<Api & { secret: string; key_id: string }> {
  const operator = withKey(server, server.localSecret);
  const { secret, key_id } = await okJson(operator.post("/keys", body));
  return { ...withKey(server, secret), secret, key_id };
}
