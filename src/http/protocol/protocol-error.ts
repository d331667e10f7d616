import type { ErrorCode as ProtocolErrorCode } from "@langchain/protocol";

export type { ProtocolErrorCode };

/** A command that cannot be carried out, with the protocol's own word for why. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
