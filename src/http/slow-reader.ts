/** When a client that stopped reading is to be cut off, and how. */
export interface SlowReaderRule {
  /** How long it must have taken nothing before it is looked at. */
  afterMs: number;
  /** Whether the run went on too far without it. */
  isTooFarBehind: () => Promise<boolean>;
  cut: () => void;
}

/** The taking of one client, watched: `asks` when it can take more, `gets` when it was given that. */
export interface ReaderWatch {
  asks(): void;
  gets(): void;
  close(): void;
}

/** Cuts a client that takes nothing for a while although there is far more for it. */
export function watchReader(rule: SlowReaderRule): ReaderWatch {
  let asked = 0;
  let seen = 0;
  let isAsking = false;
  let isClosed = false;
  const look = async () => {
    const before = seen;
    seen = asked;
    if (isAsking || asked !== before || !(await rule.isTooFarBehind())) return;
    if (asked === before && !isClosed) rule.cut();
  };
  const timer = setInterval(() => void look(), rule.afterMs);
  return {
    asks() {
      asked++;
      isAsking = true;
    },
    gets() {
      isAsking = false;
    },
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
