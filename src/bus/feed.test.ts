import { expect, it } from "vitest";
import { Feed } from "./feed.ts";
import type { LiveEvent } from "./port.ts";

const event = (seq: number): LiveEvent => ({ kind: "text", m: 1, text: "t", seq });
const seqs = (events: LiveEvent[] | undefined) => events?.map(({ seq }) => seq);

function feedWith(followers: number, ...events: number[]): Feed {
  const feed = new Feed();
  feed.followers = followers;
  feed.push(events.map(event));
  return feed;
}

it("holds what was pushed after a cursor", () => {
  const feed = feedWith(1, 3, 4);
  feed.push([event(5)]);
  expect(seqs(feed.after(2))).toEqual([3, 4, 5]);
  expect(seqs(feed.after(4))).toEqual([5]);
  expect(feed.after(1)).toBeUndefined();
});

it("knows nothing before the first event, unless it is told where the run begins", () => {
  const feed = new Feed();
  expect(feed.reaches(0)).toBe(false);
  feed.begin(0);
  expect(feed.after(0)).toEqual([]);
});

it("keeps nothing for nobody, and does not pretend to have it", () => {
  const feed = feedWith(0, 1, 2);
  expect(feed.after(0)).toBeUndefined();
  expect(feed.after(2)).toEqual([]);
});

it("does not bridge events that it has not seen", () => {
  const feed = feedWith(1, 1, 2);
  feed.push([event(5)]);
  expect(feed.after(2)).toBeUndefined();
  expect(seqs(feed.after(4))).toEqual([5]);
});

it("holds few events when they are large, and the newest however large it is", () => {
  const feed = feedWith(1);
  const large = (seq: number, size: number): LiveEvent => ({
    kind: "custom",
    ns: [],
    data: ["x".repeat(size)],
    seq,
  });
  for (let seq = 1; seq <= 100; seq++) feed.push([large(seq, 100_000)]);
  expect(feed.after(80)).toBeUndefined();
  expect(seqs(feed.after(98))).toEqual([99, 100]);
  feed.push([large(101, 5_000_000)]);
  expect(feed.after(99)).toBeUndefined();
  expect(seqs(feed.after(100))).toEqual([101]);
});

it("holds the states of the newest checkpoints only", () => {
  const feed = feedWith(1);
  for (let seq = 1; seq <= 20; seq++)
    feed.push([{ ...event(seq), ...(seq % 2 ? {} : { live: () => seq }) }]);
  const states = feed.after(0)?.flatMap(({ live }) => (live ? [live()] : []));
  expect(states).toEqual([6, 8, 10, 12, 14, 16, 18, 20]);
});
