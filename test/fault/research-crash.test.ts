import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { answering, FIELDS, INPUT, partOf, partsOf } from "../graphs/research-answers.ts";
import { type Loose, newThread, okJson } from "../support/calls.ts";
import { type Answer, fakeProvider } from "../support/fake-provider.ts";
import { hookReceiver } from "../support/hook-receiver.ts";
import { spawnServer, tempFolder } from "../support/spawn-server.ts";

it("finishes a research run after kill -9 in its middle, repeats no finished step, tells its webhook", async () => {
  let isBefore = true;
  const reached = Promise.withResolvers<void>();
  // Before the kill, one of the two steps gets no answer.
  const answer: Answer = (response, request) => {
    if (isBefore && partOf(request) === "colour") reached.resolve();
    else answering()(response, request);
  };
  await using provider = await fakeProvider(answer);
  await using hooks = await hookReceiver();
  using folder = tempFolder();
  const model = { model: "fake", url: provider.url, api_key: "key-of-the-provider", ...FIELDS };
  writeFileSync(join(folder.path, "it.json"), JSON.stringify(model));
  await using server = await spawnServer({
    flags: [`--webhook-allowed-hosts=${hooks.host}`],
    modelsDir: folder.path,
  });
  const thread = await newThread(server.api);
  const { run_id } = await okJson(
    server.api.post(`/threads/${thread}/runs`, {
      assistant_id: "research",
      input: INPUT,
      context: { model: "it" },
      webhook: hooks.url,
    }),
  );
  await reached.promise;
  const isKept = async () => {
    const { tasks }: Loose = await okJson(server.api.get(`/threads/${thread}/state`));
    return tasks.some(({ result }: Loose) => result?.findings?.length === 1);
  };
  while (!(await isKept()));
  await server.kill();
  isBefore = false;
  await server.start();
  await hooks.count(1);
  expect(hooks.received[0]?.body).toMatchObject({ run_id, status: "success" });
  const { values } = await okJson(server.api.get(`/threads/${thread}/state`));
  expect(values.report).toBe("5 yuan [1], blue and red [2], green [?].");
  const asked = partsOf(provider);
  const times = (part: string) => asked.filter((one) => one === part).length;
  expect(["plan", "cost", "colour", "report"].map(times)).toEqual([1, 1, 2, 1]);
}, 120_000);
