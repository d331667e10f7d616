import type { Measured } from "./call-meter.ts";
import { NOTHING_RECEIVED } from "./call-meter.ts";
import { spokenIn } from "./answer.ts";
import { requireWhole } from "./answer-checks.ts";
import { Attempt, type Begun } from "./attempts/attempt.ts";
import type { AttemptClock } from "./exchange/clock.ts";
import { exchangeStream, exchangeWhole, type WireEvent } from "./exchange/send.ts";
import type { Model } from "./model.ts";
import { OpenAnswer } from "./open-answer.ts";
import { readingRulesOf } from "./reading-rules.ts";
import type { StreamPiece } from "./regular-chunks.ts";
import { StreamReader } from "./stream-reader.ts";
import { transportOf, type Transport } from "./transport.ts";
import { said, usageOf, type WireObject } from "./wire.ts";

/** The requests of one configured model; safe for any number of calls at once, it holds no call's state. */
export class ProviderWire {
  readonly #model: Model;
  readonly #transport: Transport;

  constructor(model: Model) {
    this.#model = model;
    this.#transport = transportOf(model);
  }

  /** Whether the provider is asked for a stream where the caller wants one. */
  get mayStream(): boolean {
    const { capabilities, stream_upstream: wanted } = this.#model.fields;
    return capabilities?.streaming !== false && wanted !== "never";
  }

  /** One attempt of a whole answer, which fails too where it cannot be read. */
  async whole<Result>(
    begun: Begun,
    read: (response: WireObject, measured: Measured) => Result,
  ): Promise<Result> {
    const attempt = await Attempt.begin(begun);
    let received = NOTHING_RECEIVED;
    try {
      const response = await exchangeWhole(this.#exchange(begun, attempt.clock));
      received = {
        usage: usageOf(response),
        answer: spokenIn(response),
        answeredBy: said(response["model"]),
      };
      const result = read(response, attempt.measure(received));
      attempt.succeeded();
      return result;
    } catch (error) {
      throw attempt.failed(error);
    } finally {
      attempt.end(received);
    }
  }

  /** One attempt of a stream, until it has begun to speak; `close` is called when the answer is left. */
  async open(begun: Begun, close: () => void): Promise<OpenAnswer> {
    const reader = new StreamReader(readingRulesOf(this.#model, begun.call.overrides));
    const pieces = this.#pieces(begun, reader);
    const { value: first } = await pieces.next();
    return new OpenAnswer({ model: this.#model, reader, pieces, first: first ?? [], close });
  }

  /** What comes before the first words is held back until they have come. */
  async *#pieces(begun: Begun, reader: StreamReader): AsyncGenerator<StreamPiece[], void> {
    const attempt = await Attempt.begin(begun);
    let held: StreamPiece[] | undefined = [];
    try {
      for await (const events of this.#events(begun, attempt.clock)) {
        const read = events.map(({ chunk, text }) => ({ delta: reader.read(chunk), chunk, text }));
        const pieces: StreamPiece[] = held === undefined ? read : [...held, ...read];
        const isSilent: boolean = held !== undefined && !pieces.some(({ delta }) => delta);
        held = isSilent ? pieces : undefined;
        if (!isSilent) yield pieces;
      }
      const rest = reader.end();
      requireWhole(reader, this.#model);
      attempt.succeeded();
      const last = rest === undefined ? [] : [{ delta: rest, chunk: undefined }];
      if (held !== undefined || last.length > 0) yield [...(held ?? []), ...last];
    } catch (error) {
      throw attempt.failed(error);
    } finally {
      const { usage, answer, modelName: answeredBy } = reader;
      reader.measured = attempt.end({ usage, answer, answeredBy });
    }
  }

  async *#events(begun: Begun, clock: AttemptClock): AsyncGenerator<WireEvent[]> {
    const exchange = this.#exchange(begun, clock);
    if (begun.body["stream"] === true) yield* exchangeStream(exchange);
    else yield [{ chunk: await exchangeWhole(exchange) }];
  }

  #exchange({ body }: Begun, clock: AttemptClock) {
    return { model: this.#model, send: this.#transport, body, clock };
  }
}
