import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

interface HandledRequest {
  method: string;
  /** The path as the route table has it, so that there are only so many. */
  route: string;
  status: number;
  ms: number;
}

/** What is counted and measured in this process, for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<"method" | "route" | "status">;
  readonly #runs: Counter<"graph" | "status">;
  readonly #queue: Gauge<"status">;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: "kagari_http_request_duration_seconds",
      help: "Time until the head of an answer, by route",
      labelNames: ["method", "route", "status"],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#runs = new Counter({
      name: "kagari_runs_ended_total",
      help: "Runs that ended in this process, by graph and status",
      labelNames: ["graph", "status"],
      registers,
    });
    this.#queue = new Gauge({
      name: "kagari_runs",
      help: "Runs that wait or are executed, in all processes on the database",
      labelNames: ["status"],
      registers,
    });
  }

  requestHandled({ method, route, status, ms }: HandledRequest): void {
    this.#requests.observe({ method, route, status: String(status) }, ms / 1000);
  }

  runEnded(graph: string, status: string): void {
    this.#runs.inc({ graph, status });
  }

  /** All of it, with the runs there are now: as Prometheus reads it, or as JSON. */
  async report(
    runs: { pending: number; running: number },
    format: "prometheus" | "json",
  ): Promise<{ type: string; text: string }> {
    for (const [status, count] of Object.entries(runs)) this.#queue.set({ status }, count);
    return format === "json"
      ? {
          type: "application/json",
          text: JSON.stringify(await this.#registry.getMetricsAsJSON()),
        }
      : { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
