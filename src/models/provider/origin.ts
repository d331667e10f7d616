/** The run that a call is made for; all undefined outside of one. */
export interface CallOrigin {
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  readonly assistantId: string | undefined;
}
