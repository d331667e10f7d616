/** A place in a graph where a test holds it, lets it go on, or sees it aborted. */
export interface Gate {
  /** Resolves when the graph stands at the gate. */
  readonly entered: Promise<void>;
  /** Resolves when the signal of a run that stood there was aborted. */
  readonly aborted: Promise<void>;
  release(): void;
}

interface GateParts extends Gate {
  enter(): void;
  abort(): void;
  readonly released: Promise<void>;
}

const KEY = Symbol.for("kagari.test.gates");

/** One map for the process: a graph's module and the test's may be two copies of this file. */
function gates(): Map<string, GateParts> {
  const holder = globalThis as { [KEY]?: Map<string, GateParts> };
  return (holder[KEY] ??= new Map<string, GateParts>());
}

/** The gate of a name, closed until it is released. */
export function gate(name: string): Gate {
  return gateParts(name);
}

function gateParts(name: string): GateParts {
  const known = gates().get(name);
  if (known) return known;
  const entered = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const made: GateParts = {
    entered: entered.promise,
    aborted: aborted.promise,
    released: released.promise,
    enter: entered.resolve,
    abort: aborted.resolve,
    release: released.resolve,
  };
  gates().set(name, made);
  return made;
}

/** Stands at a gate until it is released; rejects at the abort. */
export async function passGate(name: string, signal: AbortSignal | undefined): Promise<void> {
  const { enter, abort, released } = gateParts(name);
  enter();
  const stop = Promise.withResolvers<never>();
  const onAbort = () => {
    abort();
    stop.reject(new Error("aborted at the gate"));
  };
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([released, stop.promise]);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
