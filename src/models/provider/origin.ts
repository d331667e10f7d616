/** On whose behalf a call is made; all undefined outside of a run. */
export interface CallOrigin {
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  readonly assistantId: string | undefined;
  /** The identity that the run is for, and the API key that it came with. */
  readonly owner: string | undefined;
  readonly keyId: string | undefined;
}
