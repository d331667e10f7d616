/** Set by `npm run test:fault`: then the long form runs, with more rounds and slower faults. */
const rounds = process.env["FAULT_ROUNDS"];

export const isLong = rounds !== undefined;
/** Rounds of a test: few by default. */
export const roundsOf = (few: number): number => (rounds === undefined ? few : Number(rounds));

/** Where the generators start; FAULT_SEED makes a failed run happen again. */
export const SEED = Number(process.env["FAULT_SEED"] ?? Math.floor(Math.random() * 1_000_000));
// Seen where a test fails, and in the log of a long run.
if (isLong) process.stderr.write(`FAULT_SEED=${SEED}\n`);

/** A small seeded generator (mulberry32) of numbers from 0 to below 1, so that a failed round can be run again. */
export function random(round: number): () => number {
  let state = SEED + round * 7919;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The numbers of the rounds of a test, for its name to show. */
export const numbered = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => index + 1);
