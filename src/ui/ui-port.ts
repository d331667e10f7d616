export interface UiFile {
  type: string;
  content: string | Uint8Array;
}

export interface UiBundle {
  /** By their names. */
  files: ReadonlyMap<string, UiFile>;
  /** The variable of the page that the script defines. */
  global: string;
  /** Absolute paths of the modules it was made of, but for packages. */
  sources: string[];
}

/** The components that graphs show themselves with. */
export interface Ui {
  /** The bundle of a name, undefined when there is none; rejects when it cannot be built. */
  bundle(name: string): Promise<UiBundle | undefined>;
  names(): string[];
}
