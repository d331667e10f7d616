import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type ReaderWatch, watchReader } from "./slow-reader.ts";

const MS = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the watch over a client", () => {
  let cuts = 0;
  let isBehind = true;
  let watch: ReaderWatch;
  beforeEach(() => {
    cuts = 0;
    isBehind = true;
    watch = watchReader({
      afterMs: MS,
      isTooFarBehind: () => Promise.resolve(isBehind),
      cut: () => void cuts++,
    });
    watch.asks();
  });
  afterEach(() => watch.close());

  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it("cuts it when it is behind and has taken nothing for a whole period", async () => {
    watch.gets();
    await pass(MS * 2);
    expect(cuts).toBe(1);
  });

  it("lets it wait for a run that tells nothing", async () => {
    await pass(MS * 5);
    expect(cuts).toBe(0);
  });

  it("lets it read slowly", async () => {
    for (let round = 0; round < 5; round++) {
      watch.gets();
      await pass(MS);
      watch.asks();
    }
    expect(cuts).toBe(0);
  });

  it("lets it sleep while it misses little", async () => {
    isBehind = false;
    watch.gets();
    await pass(MS * 5);
    expect(cuts).toBe(0);
  });

  it("ends with the stream", async () => {
    watch.gets();
    watch.close();
    await pass(MS * 5);
    expect(cuts).toBe(0);
  });
});
