import type { ModelCall } from "../call.ts";
import { holdMoney } from "../budget/hold.ts";
import { CallMeter, type Measured, type Received } from "../call-meter.ts";
import type { Body } from "../dialects/index.ts";
import { AttemptClock, type CallClock } from "../exchange/clock.ts";
import { isAbort, toUpstreamError } from "../failures/upstream-error.ts";
import type { CallTicket } from "../limits/call-limiter-port.ts";
import { takeTicket } from "../limits/ticket.ts";
import { longestAnswer } from "../longest-answer.ts";
import { tokensOf, type PromptSize } from "../tokens/prompt-size.ts";
import type { ModelUsage } from "../usage-port.ts";

/** One call with its time running and its request made. */
export interface Begun {
  readonly call: ModelCall;
  readonly clock: CallClock;
  readonly body: Body;
  readonly prompt: PromptSize;
}

/** One request of a call: it waits its turn, has its time, and is written down once, however it ends. */
export class Attempt {
  readonly clock: AttemptClock;
  readonly #begun: Begun;
  readonly #ticket: CallTicket;
  readonly #meter: CallMeter;
  #status: ModelUsage["status"] = "cancelled";

  private constructor(begun: Begun, ticket: CallTicket) {
    this.#begun = begun;
    this.#ticket = ticket;
    this.clock = new AttemptClock(begun.clock);
    this.#meter = new CallMeter(begun.call, promptTokens(begun));
  }

  static async begin(begun: Begun): Promise<Attempt> {
    const { limiter, model } = begun.call;
    const tokens = (): number => promptTokens(begun);
    const { clock } = begun;
    const attempt = new Attempt(
      begun,
      await takeTicket(model, { limiter, tokens, signal: clock.signal }),
    );
    try {
      await holdMoney(begun.call, attempt.#meter.plan(longestAnswer(model, begun.body)));
      return attempt;
    } catch (error) {
      attempt.#leave();
      throw error;
    }
  }

  succeeded(): void {
    this.#status = "success";
  }

  /** What the attempt failed with: the caller's reason, a time that was over, or the provider's fault. */
  failed(error: unknown): Error {
    const { call, clock } = this.#begun;
    const failed = this.clock.cause ?? toUpstreamError(error, call.model);
    this.#status = clock.isCancelled || isAbort(failed) ? "cancelled" : "error";
    return failed;
  }

  /** What the attempt comes to if it succeeds with this. */
  measure(received: Received): Measured {
    return this.#meter.measure({ status: "success", ...received });
  }

  end(received: Received): Measured {
    const measured = this.#meter.record({ status: this.#status, ...received });
    const { counts, receipt } = measured;
    if (!receipt.estimated && counts.totalTokens > 0) {
      this.#ticket.used(counts.totalTokens);
      this.#learn(counts.promptTokens);
    }
    this.#leave();
    return measured;
  }

  #leave(): void {
    this.clock[Symbol.dispose]();
    this.#ticket[Symbol.dispose]();
  }

  #learn(reported: number): void {
    const { call, prompt } = this.#begun;
    if (prompt.hasMedia) return;
    call.factors.learn(call.model, { estimated: prompt.tokens, reported });
  }
}

const promptTokens = ({ call, prompt }: Begun): number => tokensOf(call, prompt);
