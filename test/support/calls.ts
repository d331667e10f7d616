import { expect } from "vitest";
import type { Api } from "./test-server.ts";
import type { SseEvent } from "./sse.ts";

// What an answer holds is for each test to look into; a wrong guess fails the test.
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

/** The JSON of an answer that must be 200. */
export async function okJson(answer: Response | Promise<Response>): Promise<Loose> {
  const response = await answer;
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
}

/** An answer that must be an error of this status in the product's one shape. */
export async function refusal(
  answer: Response | Promise<Response>,
  status: number,
): Promise<Loose> {
  const response = await answer;
  const text = await response.text();
  expect(response.status, text.slice(0, 500)).toBe(status);
  const body = JSON.parse(text);
  expect(body).toMatchObject({ detail: expect.any(String), code: expect.any(String) });
  return body;
}

export const human = (content: string) => ({ messages: [{ role: "user", content }] });

export async function newThread(api: Api, body: object = {}): Promise<string> {
  return (await okJson(api.post("/threads", body))).thread_id;
}

/** Runs a graph on a thread to its end; answers its values. */
export async function runWait(api: Api, thread: string, body: object): Promise<Loose> {
  return okJson(api.post(`/threads/${thread}/runs/wait`, body));
}

/** Starts a run in the background. */
export async function startRun(api: Api, thread: string, body: object): Promise<Loose> {
  return okJson(api.post(`/threads/${thread}/runs`, body));
}

export const threadOf = (api: Api, thread: string): Promise<Loose> =>
  okJson(api.get(`/threads/${thread}`));

export const runOf = (api: Api, thread: string, run: string): Promise<Loose> =>
  okJson(api.get(`/threads/${thread}/runs/${run}`));

export const names = (events: readonly SseEvent[]): string[] => events.map(({ event }) => event);

/** An id that is well formed and belongs to nothing. */
export const NOBODY = "0190a0a0-0000-7000-8000-000000000000";
