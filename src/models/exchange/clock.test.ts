import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseModelConfig } from "../../config/model-config.ts";
import { systemClock } from "../../core/clock.ts";
import { Model } from "../model.ts";
import { AttemptClock, CallClock } from "./clock.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const TIMES = { timeout: 5, idle_timeout: 10, total_timeout: 60 };

function begun(caller?: AbortSignal) {
  const fields = { model: "m", url: "http://127.0.0.1:1/v1", ...TIMES };
  const config = parseModelConfig(fields, { file: "m.json", dir: ".", env: {} });
  const call = new CallClock(new Model(config, { clock: systemClock, log: undefined }), caller);
  return { call, attempt: new AttemptClock(call) };
}

describe("the time of an attempt", () => {
  it("ends when no first byte comes", () => {
    const { attempt } = begun();
    vi.advanceTimersByTime(4999);
    expect(attempt.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(attempt.cause).toMatchObject({ kind: "timeout", retryable: true });
    expect(String(attempt.cause)).toContain("did not answer within 5 s");
  });

  it("ends when the next byte does not come, counted from the last", () => {
    const { attempt } = begun();
    attempt.heard();
    for (let byte = 0; byte < 3; byte++) {
      attempt.listen();
      vi.advanceTimersByTime(9999);
      attempt.heard();
    }
    attempt.listen();
    vi.advanceTimersByTime(10_000);
    expect(String(attempt.cause)).toContain("fell silent for 10 s");
  });

  it("does not end while it is the reader who takes his time", () => {
    const { attempt } = begun();
    attempt.heard();
    attempt.listen();
    attempt.heard();
    vi.advanceTimersByTime(40_000);
    expect(attempt.signal.aborted).toBe(false);
    attempt.listen();
    vi.advanceTimersByTime(9999);
    expect(attempt.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(attempt.signal.aborted).toBe(true);
  });

  it("ends with that of the whole call, for good, and with the caller", () => {
    const { call, attempt } = begun();
    attempt.heard();
    vi.advanceTimersByTime(60_000);
    expect(attempt.cause).toMatchObject({ kind: "timeout", retryable: false });
    expect(call.isCancelled).toBe(false);

    const controller = new AbortController();
    const other = begun(controller.signal);
    controller.abort(new Error("enough"));
    expect(other.attempt.cause).toMatchObject({ message: "enough" });
    expect(other.call.isCancelled).toBe(true);
    expect(begun(controller.signal).attempt.signal.aborted).toBe(true);
  });

  it("leaves no timer behind, and blames nobody for what was abandoned", () => {
    const { call, attempt } = begun();
    attempt.abandon();
    expect(attempt.signal.aborted).toBe(true);
    expect(attempt.cause).toBeUndefined();
    attempt[Symbol.dispose]();
    call[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});
