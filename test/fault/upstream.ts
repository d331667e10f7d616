import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, type FakeProvider, fakeProvider } from "../support/fake-provider.ts";
import { tempFolder } from "../support/spawn-server.ts";
import { type ListeningServer, OWN_GRAPHS, startTestServer } from "../support/test-server.ts";

export interface Served extends AsyncDisposable {
  upstream: FakeProvider;
  server: ListeningServer;
}

/** Our server on a port, with its own graphs over a provider that answers so. */
export async function served(fields: object, ...answers: Answer[]): Promise<Served> {
  const upstream = await fakeProvider(...answers);
  const folder = tempFolder();
  const config = {
    model: "fake",
    url: upstream.url,
    api_key: "the-key-of-the-fake-upstream",
    ...fields,
  };
  writeFileSync(join(folder.path, "fake.json"), JSON.stringify(config));
  const server = await startTestServer({
    langgraph: OWN_GRAPHS,
    settings: { models_dir: folder.path, default_model: "fake" },
  });
  return {
    upstream,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
