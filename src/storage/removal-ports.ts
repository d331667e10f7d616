/** As in ports.ts: every method is one whole commit. */
export interface Removals {
  /**
   * Clears away a bounded piece of the rows of what was deleted, of one thread or of all; answers whether
   * more may be left. What is deleted is out of sight from the moment of its deletion, cleared or not.
   */
  clear(threadId?: string): Promise<boolean>;
}

/** Kinds of rows; what is not named is not meant. */
export interface RowKinds {
  runs?: boolean;
  threads?: boolean;
  assistants?: boolean;
  checkpointer?: boolean;
  store?: boolean;
}
