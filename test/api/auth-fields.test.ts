import { expect, it } from "vitest";
import { newThread, okJson } from "../support/calls.ts";
import { testServer } from "../support/test-server.ts";

it("never takes who a run is for from a request", async () => {
  await using server = await testServer();
  const configurable = {
    langgraph_auth_user: { identity: "root" },
    langgraph_auth_user_id: "root",
    langgraph_auth_permissions: ["all"],
    kept: true,
  };
  const thread_id = await newThread(server);
  const body = { assistant_id: "echo", input: {}, config: { configurable } };
  const run = await okJson(server.post(`/threads/${thread_id}/runs`, body));
  expect(run.kwargs.config.configurable).toEqual({ kept: true });
  expect(run.kwargs).not.toHaveProperty("user");
  const { config } = (await server.ctx.storage.threads.find(thread_id)) ?? {};
  expect(config).toEqual({ configurable: { kept: true } });
});
