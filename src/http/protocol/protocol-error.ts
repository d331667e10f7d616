import { AppError } from "../../core/errors.ts";
import type { ErrorCode as ProtocolErrorCode } from "@langchain/protocol";

export type { ProtocolErrorCode };

/** A command that cannot be carried out, with the protocol's own word for why. */
export class ProtocolError extends AppError {
  override readonly name = "ProtocolError";
  readonly word: ProtocolErrorCode;

  constructor(word: ProtocolErrorCode, message: string) {
    super("bad_request", message);
    this.word = word;
  }
}
