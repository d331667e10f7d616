/** LangGraph's notes on a running task; its interrupts are answered in the order they are counted. */
export interface Scratchpad {
  interruptCounter: number;
  readonly resume: unknown[];
  readonly nullResume?: unknown;
  consumeNullResume(): unknown;
}

/** A task's scratchpad as one of its calls sees it, and what the call did with it. */
export interface WatchedScratchpad {
  readonly view: Scratchpad;
  readonly real: Scratchpad;
  /** The numbers of the interrupts that the call asked. */
  readonly interrupts: number[];
  /** Whether the call ran a graph or a task, which LangGraph remembers by the order of starting. */
  startsTasks: boolean;
}

const watchedByView = new WeakMap<Scratchpad, WatchedScratchpad>();
const reservedByReal = new WeakMap<Scratchpad, Set<number>>();

/** The scratchpad that LangGraph itself holds. */
export const realScratchpad = (scratchpad: Scratchpad): Scratchpad =>
  watchedByView.get(scratchpad)?.real ?? scratchpad;

/** Watches what one call does with its task's scratchpad, on behalf of any call around it too. */
export function watchScratchpad(scratchpad: Scratchpad): WatchedScratchpad {
  const outer = watchedByView.get(scratchpad);
  const real = outer?.real ?? scratchpad;
  const interrupts: number[] = [];
  const view = new Proxy(real, {
    get: (target, key) =>
      key === "interruptCounter"
        ? (interrupts.at(-1) ?? target.interruptCounter)
        : Reflect.get(target, key),
    set(target, key, value) {
      if (key === "interruptCounter") {
        const number = nextNumber(target);
        interrupts.push(number);
        noteInterrupts(outer, [number]);
        return true;
      }
      if (key === "subgraphCounter") watched.startsTasks = true;
      return Reflect.set(target, key, value);
    },
  });
  const watched: WatchedScratchpad = {
    view,
    real,
    interrupts,
    get startsTasks() {
      return hasTasks;
    },
    set startsTasks(value) {
      hasTasks ||= value;
      if (outer) outer.startsTasks = value;
    },
  };
  let hasTasks = false;
  watchedByView.set(view, watched);
  return watched;
}

/**
 * Takes the answers that a finished call once got, so that the interrupts of other calls keep
 * theirs. False when they are not all there: then the call must be made again.
 */
export function takeAnswers(
  scratchpad: Scratchpad,
  interrupts: readonly number[],
  keep: (answers: unknown[]) => void,
): boolean {
  if (interrupts.length === 0) return true;
  const outer = watchedByView.get(scratchpad);
  const real = outer?.real ?? scratchpad;
  const { resume } = real;
  const last = Math.max(...interrupts);
  if (last === resume.length && real.nullResume !== undefined) resume.push(real.consumeNullResume());
  if (last >= resume.length) return false;
  const reserved = reservedOf(real);
  for (const number of interrupts) reserved.add(number);
  while (reserved.has(real.interruptCounter + 1)) real.interruptCounter++;
  noteInterrupts(outer, interrupts);
  keep(resume.slice(0, last + 1));
  return true;
}

function noteInterrupts(outer: WatchedScratchpad | undefined, numbers: readonly number[]): void {
  outer?.interrupts.push(...numbers);
}

function nextNumber(real: Scratchpad): number {
  const reserved = reservedOf(real);
  do real.interruptCounter++;
  while (reserved.has(real.interruptCounter));
  return real.interruptCounter;
}

function reservedOf(real: Scratchpad): Set<number> {
  const known = reservedByReal.get(real) ?? new Set();
  reservedByReal.set(real, known);
  return known;
}
