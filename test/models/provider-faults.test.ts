import { describe, expect, it } from "vitest";
import { chatModel } from "../../src/models/chat.ts";
import { fakeProvider } from "../support/fake-provider.ts";
import {
  broken,
  failing,
  FAULTS,
  type Faults,
  fieldsOf,
  refusing,
  type Shape,
  SHAPES,
} from "../support/provider-shapes/index.ts";
import { testRuntime } from "./support.ts";

const QUICK = { max: 1, base_ms: 1 };
const ROWS = Object.entries(SHAPES).map(([name, shape]): [string, Shape, Faults] => [
  name,
  shape,
  FAULTS[name] ?? expect.fail(`no faults of ${name}`),
]);

async function asked(shape: Shape, ...answers: Parameters<typeof fakeProvider>) {
  await using provider = await fakeProvider(...answers);
  const fields = { ...fieldsOf(shape, provider), api_key: "k", retries: QUICK };
  using _ = testRuntime({ a: fields });
  const [invoked] = await Promise.allSettled([chatModel().invoke("hi")]);
  return {
    answer: invoked.status === "fulfilled" ? invoked.value : undefined,
    error: invoked.status === "rejected" ? invoked.reason : undefined,
    requests: provider.requests.length,
  };
}

async function heard(shape: Shape, answer: Parameters<typeof fakeProvider>[0]) {
  await using provider = await fakeProvider(...(answer ? [answer] : []));
  using runtime = testRuntime({
    a: { ...fieldsOf(shape, provider), api_key: "k", retries: QUICK },
  });
  const read = async () => {
    for await (const _ of await chatModel().stream("hi"));
  };
  const [result] = await Promise.allSettled([read()]);
  const error = result.status === "rejected" ? result.reason : undefined;
  return { error, requests: provider.requests.length, used: runtime.used };
}

describe.each(ROWS)("a failure of %s", (_, shape, faults) => {
  it("for too much at once is asked again", async () => {
    const good = shape.answer({ text: "ok" });
    const { answer, requests } = await asked(shape, refusing(faults.busy), good);
    expect(answer?.text).toBe("ok");
    expect(requests).toBe(2);
  });

  const refusals = [
    { what: "too long a prompt", kind: "overflow", refusal: faults.overflow },
    ...(faults.content ? [{ what: "content", kind: "content", refusal: faults.content }] : []),
    ...(faults.arrears ? [{ what: "arrears", kind: "quota", refusal: faults.arrears }] : []),
  ];

  it.each(refusals)("for $what is final and named", async ({ kind, refusal }) => {
    const { error, requests } = await asked(shape, refusing(refusal));
    expect(error).toMatchObject({ kind, retryable: false });
    expect(error.details).toMatchObject({ provider_status: refusal.status, model: "a" });
    expect(requests).toBe(1);
  });
});

describe.each(ROWS)("a stream of %s", (name, shape, faults) => {
  it("that says in the middle that it failed is an error with these words", async () => {
    const { error, requests, used } = await heard(shape, failing(name, faults));
    expect(error).toMatchObject({ name: "UpstreamError", kind: "server" });
    expect(String(error)).toContain("the engine died");
    expect(requests).toBe(1);
    expect(used).toMatchObject([{ status: "error" }]);
  });

  it("that breaks is an error, with nothing asked again once it was heard", async () => {
    const { error, requests } = await heard(
      shape,
      broken(shape.answer({ text: "a long answer ".repeat(9) })),
    );
    expect(error).toMatchObject({ name: "UpstreamError", kind: "server", retryable: true });
    expect(String(error)).toMatch(/broke off|cannot be reached/);
    expect(requests).toBe(1);
  });
});
