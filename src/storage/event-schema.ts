/** Events that follow each other, stored together. */
export interface EventTable {
  run_id: string;
  /** The last one's. */
  seq: number;
  first_seq: number;
  /** 1 for the head of a message, which what comes later of it cannot be understood without. */
  is_head: number;
  /** Bytes of their JSON. */
  size: number;
  /** Their JSON, as a rule compressed. */
  payload: Uint8Array;
}
