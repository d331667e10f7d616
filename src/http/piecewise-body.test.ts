import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PiecewiseBody, piecesOf, piecewiseResponse } from "./piecewise-body.ts";

const MS = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function bodyOf(source: AsyncGenerator<string, void>) {
  const controller = new AbortController();
  const calls = { left: 0, failures: [] as unknown[] };
  const body = new PiecewiseBody(source, {
    text: (piece) => piece,
    heartbeat: "-",
    heartbeatMs: MS,
    controller,
    onLeave: () => void calls.left++,
    onFailure: (error) => void calls.failures.push(error),
  });
  return { body, calls, controller };
}

async function* pieces(...texts: string[]): AsyncGenerator<string, void> {
  yield* texts;
}

/** Gives one piece, and no more until the test says so. */
function waiting() {
  const more = Promise.withResolvers<void>();
  const source = async function* (): AsyncGenerator<string, void> {
    yield "a";
    await more.promise;
    yield "b";
  };
  return { source: source(), more };
}

it("is the same for a web reader and for a writer", async () => {
  const { body } = bodyOf(pieces("a", "b"));
  const written: string[] = [];
  await body.send(
    (text) => void written.push(text),
    () => undefined,
  );
  expect(written).toEqual(["a", "b"]);
  const response = piecewiseResponse(bodyOf(pieces("a", "b")).body, { "x-test": "1" });
  expect(response.headers.get("x-test")).toBe("1");
  expect(await response.text()).toBe("ab");
});

it("fills a silence with heartbeats, and none while the client has no room", async () => {
  const { source, more } = waiting();
  const { body } = bodyOf(source);
  const written: string[] = [];
  const room = Promise.withResolvers<void>();
  const write = (text: string) => {
    written.push(text);
    return text === "b" ? room.promise : undefined;
  };
  const sent = body.send(write, () => undefined);
  await vi.advanceTimersByTimeAsync(MS * 2);
  expect(written).toEqual(["a", "-", "-"]);
  more.resolve();
  await vi.advanceTimersByTimeAsync(MS * 5);
  expect(written).toEqual(["a", "-", "-", "b"]);
  room.resolve();
  await sent;
});

it("ends its source when the client leaves, and says so once", async () => {
  const { source, more } = waiting();
  const { body, calls, controller } = bodyOf(source);
  const written: string[] = [];
  const sent = body.send(
    (text) => void written.push(text),
    () => undefined,
  );
  await vi.advanceTimersByTimeAsync(0);
  body.leave();
  body.leave();
  more.resolve();
  await sent;
  expect(controller.signal.aborted).toBe(true);
  expect(written).toEqual(["a"]);
  expect(calls.left).toBe(1);
});

it("breaks off with the error of its source", async () => {
  const error = new Error("the database is gone");
  // oxlint-disable-next-line require-yield -- it fails at once
  const failing = async function* (): AsyncGenerator<string, void> {
    throw error;
  };
  const { body, calls } = bodyOf(failing());
  await expect(piecewiseResponse(body, {}).text()).rejects.toThrow("the database is gone");
  expect(calls.failures).toEqual([error]);
});

it("is found in its answer alone", () => {
  const { body } = bodyOf(pieces());
  expect(piecesOf(piecewiseResponse(body, {}))).toBe(body);
  expect(piecesOf(new Response("text"))).toBeUndefined();
});
