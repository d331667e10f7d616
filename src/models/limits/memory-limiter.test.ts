import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { CallTicket } from "./call-limiter-port.ts";
import { MemoryLimiter } from "./memory-limiter.ts";

const NONE = { callsPerMinute: undefined, tokensPerMinute: undefined, callsAtOnce: undefined };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks and notes who was let through, in order. */
function asker(limit: object) {
  const limiter = new MemoryLimiter();
  const through: string[] = [];
  const tickets: Record<string, CallTicket> = {};
  const ask = async (name: string, tokens = 0, signal?: AbortSignal): Promise<void> => {
    tickets[name] = await limiter.acquire({ key: "k", ...NONE, ...limit }, { tokens, signal });
    through.push(name);
  };
  return { ask, through, tickets, limiter };
}

const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

describe("a limit of calls at once", () => {
  it("lets the first in line through when one ends, however it ends", async () => {
    const { ask, through, tickets } = asker({ callsAtOnce: 1 });
    for (const name of ["a", "b", "c"]) void ask(name);
    await settle();
    expect(through).toEqual(["a"]);
    tickets["a"]?.[Symbol.dispose]();
    tickets["a"]?.[Symbol.dispose]();
    await settle();
    expect(through).toEqual(["a", "b"]);
  });

  it("keeps keys apart", async () => {
    const { ask, through, limiter } = asker({ callsAtOnce: 1 });
    await ask("a");
    const other = { ...NONE, key: "other", callsAtOnce: 1 };
    await limiter.acquire(other, { tokens: 0 });
    expect(through).toEqual(["a"]);
  });

  it("lets whoever gives up leave the line, with his reason", async () => {
    const { ask, through, tickets } = asker({ callsAtOnce: 1 });
    const controller = new AbortController();
    await ask("a");
    const left = ask("b", 0, controller.signal);
    void ask("c");
    controller.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    tickets["a"]?.[Symbol.dispose]();
    await settle();
    expect(through).toEqual(["a", "c"]);
    await expect(ask("d", 0, controller.signal)).rejects.toThrow("enough");
  });
});

describe("a limit a minute", () => {
  it("lets through as many calls as any sixty seconds may have", async () => {
    const { ask, through } = asker({ callsPerMinute: 2 });
    void ask("a");
    await vi.advanceTimersByTimeAsync(30_000);
    for (const name of ["b", "c", "d"]) void ask(name);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(through).toEqual(["a", "b"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(through).toEqual(["a", "b", "c"]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(through).toEqual(["a", "b", "c", "d"]);
  });

  it("counts tokens, as used once that is known, and lets one above the whole limit go alone", async () => {
    const { ask, through, tickets } = asker({ tokensPerMinute: 100 });
    await ask("a", 60);
    void ask("b", 60);
    await settle();
    expect(through).toEqual(["a"]);
    tickets["a"]?.used(40);
    tickets["a"]?.[Symbol.dispose]();
    await settle();
    expect(through).toEqual(["a", "b"]);
    void ask("huge", 1000);
    await vi.advanceTimersByTimeAsync(59_999);
    expect(through).toEqual(["a", "b"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(through).toEqual(["a", "b", "huge"]);
  });
});
