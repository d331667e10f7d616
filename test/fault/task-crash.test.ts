import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { okJson } from "../support/calls.ts";
import { type Answer, fakeProvider, json } from "../support/fake-provider.ts";
import { hookReceiver } from "../support/hook-receiver.ts";
import { PIXEL } from "../support/provider-shapes/image.ts";
import { spawnServer, tempFolder } from "../support/spawn-server.ts";

const results = [{ url: `data:image/png;base64,${PIXEL.toString("base64")}` }];

it("goes on with a task after kill -9 between its submission and its end", async () => {
  let isDone = false;
  const looked = Promise.withResolvers<void>();
  const answer: Answer = (response, request) => {
    const isSubmission = request.body["input"] !== undefined;
    if (!isSubmission) looked.resolve();
    const task_status = isSubmission ? "PENDING" : isDone ? "SUCCEEDED" : "RUNNING";
    json({ output: { task_id: "t", task_status, ...(isDone ? { results } : {}) } })(
      response,
      request,
    );
  };
  await using provider = await fakeProvider(answer);
  await using hooks = await hookReceiver();
  using folder = tempFolder();
  const model = { model_type: "image", model: "wan2.2-t2i-flash", dialect: "dashscope" };
  const fields = {
    ...model,
    url: provider.url,
    api_key: "task-test-key",
    poll: { interval: 0.05 },
  };
  writeFileSync(join(folder.path, "wan.json"), JSON.stringify(fields));
  await using server = await spawnServer({
    flags: [`--webhook-allowed-hosts=${hooks.host}`],
    modelsDir: folder.path,
  });
  const { task_id } = await okJson(
    server.api.post("/tasks", {
      kind: "image",
      model: "wan",
      input: { prompt: "a cat" },
      webhook: hooks.url,
    }),
  );
  await looked.promise;
  await server.kill();
  isDone = true;
  await server.start();
  await hooks.count(1);
  const task = await okJson(server.api.get(`/tasks/${task_id}`));
  expect(task).toMatchObject({ status: "success", resubmitted: false, provider_task_id: "t" });
  expect(hooks.received[0]?.body).toMatchObject({ task_id, status: "success" });
  const file = await server.api.get(task.result.images[0].url);
  expect(Buffer.from(await file.arrayBuffer())).toEqual(PIXEL);
  const submissions = provider.requests.filter(({ body }) => body["input"] !== undefined);
  expect(submissions).toHaveLength(1);
  expect((await okJson(server.api.get("/usage?group_by=model"))).rows).toMatchObject([
    { model: "wan", calls: 1, units: 1 },
  ]);
}, 90_000);
