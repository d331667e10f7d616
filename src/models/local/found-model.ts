/** A model that a server on this machine says it has. */
export interface FoundModel {
  /** The name the server knows it by. */
  readonly name: string;
  readonly modelType: "chat" | "embedding";
}

/** How one kind of local server lists its models. */
export interface LocalServer {
  /** Prefix of the ids, and `server_type` of the models. */
  readonly kind: "ollama" | "lmstudio";
  /** Path of its list, below the address. */
  readonly listPath: string;
  /** The models of a list; undefined where the answer is no such list. */
  read(body: unknown): FoundModel[] | undefined;
}
