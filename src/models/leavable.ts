/**
 * A generator that ends at once when its reader leaves. Of itself one heeds `return` only at its next
 * yield, which never comes where a provider has fallen silent.
 */
export function leavable<Item>(
  begin: (leaving: AbortSignal) => AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  const leaving = new AbortController();
  const items = begin(leaving.signal);
  const leave = async (): Promise<IteratorResult<Item>> => {
    leaving.abort();
    return await items.return(undefined);
  };
  return {
    next: async () => await items.next(),
    return: leave,
    throw: async (error) => await items.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await leave();
    },
  };
}
