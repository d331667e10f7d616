import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts";
import type { AgentStatus } from "../../domain/protocol.ts";
import type { Draft } from "./draft.ts";

interface Agent {
  namespace: readonly string[];
  status: AgentStatus;
  graphName: string;
}

interface Task {
  id: string;
  name: string;
  input: Json;
  metadata?: Json;
}

/** Which graphs, nodes and subgraphs of a run began, and how they ended. */
export class Lifecycles {
  readonly #agents = new Map<string, Agent>();
  /** The names agents give themselves, by namespace. */
  readonly #names = new Map<string, string>();
  /** The tool calls that tasks were made for, by task id. */
  readonly #calls = new Map<string, string>();

  begin(graphName: string): Draft[] {
    if (this.#agents.has("")) return [];
    return [this.#set({ namespace: [], status: "running", graphName })];
  }

  /** A task is about to run; what it runs shows only once something comes out of it. */
  note(namespace: readonly string[], { id, name, input, metadata }: Task): void {
    const key = keyOf([...namespace, `${name}:${id}`]);
    const agentName = isJsonObject(metadata) ? metadata["lc_agent_name"] : undefined;
    if (typeof agentName === "string" && agentName !== "") this.#names.set(key, agentName);
    const call = callIn(input);
    if (call !== undefined) this.#calls.set(id, call);
  }

  /** Something came from a namespace: it and those around it have begun. */
  seen(namespace: readonly string[]): Draft[] {
    const drafts: Draft[] = [];
    for (let length = 1; length <= namespace.length; length++) {
      const prefix = namespace.slice(0, length);
      if (!this.#agents.has(keyOf(prefix))) drafts.push(this.#start(prefix));
    }
    return drafts;
  }

  /** A namespace has ended, if it had begun. */
  end(namespace: readonly string[], status: AgentStatus): Draft[] {
    const agent = this.#agents.get(keyOf(namespace));
    if (agent?.status !== "started") return [];
    return [this.#set({ ...agent, status })];
  }

  /** All that is still under way below the root has ended with it. */
  endAll(status: AgentStatus): Draft[] {
    return [...this.#agents.values()]
      .filter(({ namespace }) => namespace.length > 0)
      .flatMap(({ namespace }) => this.end(namespace, status));
  }

  finish(status: AgentStatus, more: JsonObject = {}): Draft[] {
    const graphName = this.#agents.get("")?.graphName ?? "";
    return [...this.endAll(status), this.#set({ namespace: [], status, graphName }, more)];
  }

  /** The tree of what began, as `agent.getTree` answers it. */
  tree(): JsonObject | undefined {
    const root = this.#agents.get("");
    return root && this.#branch(root);
  }

  #branch({ namespace, status, graphName }: Agent): JsonObject {
    const children = [...this.#agents.values()]
      .filter(
        (agent) =>
          agent.namespace.length === namespace.length + 1 &&
          namespace.every((part, index) => agent.namespace[index] === part),
      )
      .map((agent) => this.#branch(agent));
    return {
      namespace: [...namespace],
      status,
      graph_name: graphName,
      ...(children.length > 0 ? { children } : {}),
    };
  }

  #start(namespace: readonly string[]): Draft {
    const last = namespace.at(-1) ?? "";
    const [node = "", taskId = ""] = last.split(":");
    const agentName = this.#names.get(keyOf(namespace));
    const call = agentName === undefined ? undefined : this.#calls.get(taskId);
    const cause = call === undefined ? {} : { cause: { type: "toolCall", tool_call_id: call } };
    return this.#set({ namespace, status: "started", graphName: agentName ?? node }, cause);
  }

  #set(agent: Agent, more: JsonObject = {}): Draft {
    const { namespace, status, graphName } = agent;
    this.#agents.set(keyOf(namespace), agent);
    return {
      method: "lifecycle",
      namespace,
      data: { event: status, graph_name: graphName, ...more },
    };
  }
}

const keyOf = (namespace: readonly string[]): string => namespace.join("|");

/** The tool call that a task's input carries: alone with its context, or first in a list. */
function callIn(input: Json): string | undefined {
  const call = isJsonObject(input)
    ? input["tool_call"]
    : Array.isArray(input)
      ? input[0]
      : undefined;
  const id = isJsonObject(call) ? call["id"] : undefined;
  return typeof id === "string" ? id : undefined;
}
