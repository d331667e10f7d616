import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { parseModelConfig } from "../../src/config/model-config.ts";
import { systemClock } from "../../src/core/clock.ts";
import { chatModel } from "../../src/models/chat.ts";
import { Model } from "../../src/models/model.ts";
import { ModelRegistry } from "../../src/models/registry.ts";
import { MemoryLimiter } from "../../src/models/limits/memory-limiter.ts";
import { TokenFactors } from "../../src/models/tokens/token-factors.ts";
import { installRuntime } from "../../src/models/runtime-handle.ts";
import { NO_FILES } from "./support.ts";
import * as fake from "../support/fake-provider.ts";
import { startProxy } from "../support/proxy.ts";
import { tempFolder } from "../support/spawn-server.ts";

type Fields = Record<string, unknown>;

/** The one model of a runtime, as read from a file with these fields. */
function served(fields: Fields, env: Record<string, string> = {}): Disposable & { model: Model } {
  const config = parseModelConfig(
    { model: "fake", retries: 0, ...fields },
    { file: "a.json", dir: ".", env },
  );
  const model = new Model(config, { clock: systemClock, log: undefined });
  const uninstall = installRuntime({
    version: 1,
    limiter: new MemoryLimiter(),
    factors: new TokenFactors(),
    models: new ModelRegistry([model], "a"),
    prompts: { render: (name) => ({ text: name }) },
    files: NO_FILES,
    usage: { record: () => undefined },
  });
  return { model, [Symbol.dispose]: uninstall };
}

const hi = async () => (await chatModel().invoke("hi")).text;

const SECRET = randomUUID();

describe("headers and query", () => {
  it("are those of the file, with what the environment holds at that moment", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    const env = { TITLE: "My App", TOKEN: SECRET };
    using _ = served(
      {
        url: provider.url,
        api_key: "env:TOKEN",
        headers: {
          "HTTP-Referer": "https://example.org",
          "X-Title": "env:TITLE",
          "X-Auth": "Token ${TOKEN}",
        },
        query: { "api-version": "2026-01-01", sig: "${TOKEN}" },
      },
      env,
    );
    expect(await hi()).toBe("ok");
    const next = randomUUID();
    env.TOKEN = next;
    await hi();

    const [first, second] = provider.requests;
    expect(first?.path).toBe(`/v1/chat/completions?api-version=2026-01-01&sig=${SECRET}`);
    expect(first?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      "http-referer": "https://example.org",
      "x-title": "My App",
      "x-auth": `Token ${SECRET}`,
    });
    expect(second?.headers).toMatchObject({
      authorization: `Bearer ${next}`,
      "x-auth": `Token ${next}`,
    });
  });

  it("carry the bare key in a header of its own, and then no Authorization", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = served({ url: provider.url, api_key: SECRET, api_key_header: "api-key" });
    await hi();
    expect(provider.requests[0]?.headers["api-key"]).toBe(SECRET);
    expect(provider.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("name the variable that is missing, before any request", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = served({ url: provider.url, api_key: null, headers: { "X-A": "env:NOT_THERE" } });
    await expect(hi()).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("NOT_THERE"),
    });
    expect(provider.requests).toEqual([]);
  });

  it.each(["Host", "content-length", "bad name", "X:\n"])("may not be %j", (name) => {
    const parse = () =>
      parseModelConfig(
        { model: "m", url: "http://h", headers: { [name]: "x" } },
        { file: "a.json", dir: ".", env: {} },
      );
    expect(parse).toThrow("a.json: headers:");
  });

  it("are shown nowhere, not even when a provider repeats them", async () => {
    const echo: fake.Answer = (response, { headers, path }) =>
      fake.json({ error: { message: `no: ${JSON.stringify(headers)} ${path}` } }, { status: 400 })(
        response,
        {
          headers,
          path,
          body: {},
        },
      );
    await using provider = await fake.fakeProvider(echo);
    const secrets = [randomUUID(), randomUUID(), randomUUID()];
    using runtime = served({
      url: provider.url,
      api_key: null,
      headers: { "X-Auth": secrets[0] },
      query: { key: secrets[1] },
      proxy: `http://me:${secrets[2]}@127.0.0.1:1`,
    });
    using direct = served({
      url: provider.url,
      api_key: null,
      headers: { "X-Auth": secrets[0] },
      query: { key: secrets[1] },
    });
    const error: unknown = await hi().catch((thrown: unknown) => thrown);
    const shown = [
      runtime.model,
      direct.model,
      chatModel(),
      runtime.model.fields,
      runtime.model.connection,
    ]
      .map((each) => JSON.stringify(each) + inspect(each, { depth: 9 }))
      .join("");
    expect(String(error)).toContain("no: ");
    for (const secret of secrets) expect(shown + String(error)).not.toContain(secret);
  });
});

describe("a proxy", () => {
  it("takes the calls, with its own password", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    await using proxy = await startProxy();
    const env = { PROXY: `http://me:${SECRET}@${proxy.host}` };
    using _ = served({ url: provider.url, api_key: null, proxy: "env:PROXY" }, env);
    expect(await hi()).toBe("ok");
    const basic = Buffer.from(`me:${SECRET}`).toString("base64");
    expect(proxy.asked).toEqual([
      { target: new URL(provider.url).host, authorization: `Basic ${basic}` },
    ]);
    expect(provider.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
  });

  it("streams, and closes when the reader leaves", async () => {
    const chunks = Array(5).fill(fake.delta({ content: "par" }));
    await using provider = await fake.fakeProvider(fake.stream(chunks, { isOpen: true }));
    await using proxy = await startProxy();
    using _ = served({ url: provider.url, api_key: null, proxy: `http://${proxy.host}` });
    for await (const _chunk of await chatModel().stream("hi")) break;
    await provider.clientClosed();
    expect(proxy.asked).toHaveLength(1);
  });

  it("must be one that we speak to", async () => {
    await using provider = await fake.fakeProvider(fake.text("ok"));
    using _ = served({ url: provider.url, api_key: null, proxy: "socks4://127.0.0.1:1" });
    await expect(hi()).rejects.toThrow("proxy: expected an http or https URL");
    expect(provider.requests).toEqual([]);
  });
});

const OPENSSL = "openssl";
const hasOpenssl = spawnSync(OPENSSL, ["version"]).status === 0;

/** A server whose certificate nobody knows; made for this test alone. */
async function secureServer(folder: string) {
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "ca.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const made = [
    "req",
    "-x509",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-days",
    "1",
    "-keyout",
    key,
    "-out",
    certificate,
  ];
  execFileSync(OPENSSL, [...made, ...subject], { stdio: "ignore" });
  const server = createSecureServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({ choices: [{ message: { content: "ok" }, finish_reason: "stop" }] }),
      );
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `https://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/v1`,
    certificate,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe.skipIf(!hasOpenssl)("a server with a certificate of its own", () => {
  it("is believed by ca_file, or unseen by tls_insecure, and not else", async () => {
    using folder = tempFolder();
    await using server = await secureServer(folder.path);
    const base = { url: server.url, api_key: null };
    const askWith = async (fields: Fields) => {
      using _ = served({ ...base, ...fields });
      return await hi();
    };
    await expect(askWith({})).rejects.toThrow(/cannot be reached/);
    expect(await askWith({ ca_file: server.certificate })).toBe("ok");
    expect(await askWith({ tls_insecure: true })).toBe("ok");
    await expect(askWith({ ca_file: join(folder.path, "none.pem") })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("none.pem cannot be read"),
    });
  });
});
