/** LangGraph's notes on a running task; its interrupts are answered in the order they are counted. */
export interface Scratchpad {
  interruptCounter: number;
  readonly resume: unknown[];
  readonly nullResume?: unknown;
  consumeNullResume(): unknown;
}

/** The scratchpad behind each view. */
const reals = new WeakMap<Scratchpad, Scratchpad>();
const watches = new WeakMap<Scratchpad, ScratchpadWatch>();
const takenNumbers = new WeakMap<Scratchpad, Set<number>>();

/** A task's scratchpad as one of its calls sees it, and what the call does with it. */
export class ScratchpadWatch {
  readonly view: Scratchpad;
  /** The numbers of the interrupts that the call asked. */
  readonly interrupts: number[] = [];
  readonly #outer: ScratchpadWatch | undefined;
  #startsTasks = false;

  constructor(scratchpad: Scratchpad) {
    this.#outer = watches.get(scratchpad);
    this.view = new Proxy(realScratchpad(scratchpad), {
      get: (real, key) =>
        key === "interruptCounter"
          ? (this.interrupts.at(-1) ?? real.interruptCounter)
          : Reflect.get(real, key),
      set: (real, key, value) => {
        if (key === "subgraphCounter") this.noteTask();
        if (key !== "interruptCounter") return Reflect.set(real, key, value);
        this.noteInterrupts([countInterrupt(real)]);
        return true;
      },
    });
    reals.set(this.view, realScratchpad(scratchpad));
    watches.set(this.view, this);
  }

  /** Whether the call ran a graph or a task; LangGraph remembers those, by the order they start in. */
  get startsTasks(): boolean {
    return this.#startsTasks;
  }

  noteTask(): void {
    this.#startsTasks = true;
    this.#outer?.noteTask();
  }

  noteInterrupts(numbers: readonly number[]): void {
    this.interrupts.push(...numbers);
    this.#outer?.noteInterrupts(numbers);
  }
}

/** The scratchpad that LangGraph itself holds. */
export const realScratchpad = (scratchpad: Scratchpad): Scratchpad =>
  reals.get(scratchpad) ?? scratchpad;

/**
 * Takes the answers that a finished call once got, so that the interrupts of other calls keep
 * theirs, and hands them to `keep` with those before. False when they are not all there: then the
 * call must be made again.
 */
export function takeAnswers(
  scratchpad: Scratchpad,
  interrupts: readonly number[],
  keep: (answers: unknown[]) => void,
): boolean {
  if (interrupts.length === 0) return true;
  const real = realScratchpad(scratchpad);
  const { resume } = real;
  const last = Math.max(...interrupts);
  if (last === resume.length && real.nullResume !== undefined)
    resume.push(real.consumeNullResume());
  if (last >= resume.length) return false;
  const taken = takenOf(real);
  for (const number of interrupts) taken.add(number);
  while (taken.has(real.interruptCounter + 1)) real.interruptCounter++;
  watches.get(scratchpad)?.noteInterrupts(interrupts);
  keep(resume.slice(0, last + 1));
  return true;
}

function countInterrupt(real: Scratchpad): number {
  const taken = takenOf(real);
  do real.interruptCounter++;
  while (taken.has(real.interruptCounter));
  return real.interruptCounter;
}

function takenOf(real: Scratchpad): Set<number> {
  const taken = takenNumbers.get(real) ?? new Set();
  takenNumbers.set(real, taken);
  return taken;
}
