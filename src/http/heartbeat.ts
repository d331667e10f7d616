/** What a source gives, and `undefined` whenever it was silent for a while. */
export async function* withHeartbeat<T>(
  source: AsyncGenerator<T, void>,
  silenceMs: number,
): AsyncGenerator<T | undefined, void> {
  let next = source.next();
  try {
    for (;;) {
      const result = await within(next, silenceMs);
      if (result === undefined) yield undefined;
      else if (result.done) return;
      else {
        yield result.value;
        next = source.next();
      }
    }
  } finally {
    next.catch(() => undefined);
    await source.return();
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
