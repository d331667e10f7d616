const MAX_LEAVES = 300;

const FIELDS = Symbol("fields");
const ITEMS = Symbol("items");

type Fields = Record<string, unknown>;

const asFields = (value: object) => value as Fields;

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** What LangChain's own classes, such as messages, are serialised from; see its `Serializable`. */
const kwargsOf = (value: object): object | undefined => {
  const kwargs = "lc_kwargs" in value ? value.lc_kwargs : undefined;
  return isObject(kwargs) && isPlain(kwargs) ? kwargs : undefined;
};

/** All keys and primitive values of an object, in order: taken down, or compared with those it had. */
class Leaves {
  readonly #leaves: unknown[];
  readonly #isNew: boolean;
  #at = 0;

  constructor(leaves?: unknown[]) {
    this.#leaves = leaves ?? [];
    this.#isNew = leaves === undefined;
  }

  /** The leaves of an object; undefined for one that holds what its leaves do not show. */
  static of(value: object): unknown[] | undefined {
    const leaves = new Leaves();
    return leaves.#follow(value) ? leaves.#leaves : undefined;
  }

  static areOf(value: object, known: unknown[]): boolean {
    const leaves = new Leaves(known);
    return leaves.#follow(value) && leaves.#at === known.length;
  }

  #follow(value: object): boolean {
    const kwargs = kwargsOf(value);
    if (kwargs) return this.#meetFields(kwargs, asFields(value));
    return isPlain(value) && this.#meetPart(value);
  }

  /** `over` has the newer value of a field where it has one. */
  #meetFields(fields: object, over?: Fields): boolean {
    const keys = Object.keys(fields);
    if (!this.#meet(keys.length)) return false;
    for (const key of keys) {
      const part = over && key in over ? over[key] : asFields(fields)[key];
      if (!this.#meet(key) || !this.#meetPart(part)) return false;
    }
    return true;
  }

  #meetPart(part: unknown): boolean {
    if (!isObject(part)) return typeof part !== "function" && this.#meet(part);
    if (!Array.isArray(part)) return isPlain(part) && this.#meet(FIELDS) && this.#meetFields(part);
    return (
      this.#meet(ITEMS) && this.#meet(part.length) && part.every((item) => this.#meetPart(item))
    );
  }

  #meet(leaf: unknown): boolean {
    const at = this.#at++;
    if (!this.#isNew) return Object.is(this.#leaves[at], leaf);
    this.#leaves.push(leaf);
    return at < MAX_LEAVES;
  }
}

/** Remembers what was made of objects, as a rule the id they are stored by, so that it need not be made again. */
export class Memo<Made = string> {
  readonly #known = new WeakMap<object, { made: Made; leaves: unknown[] }>();

  /** False for an object whose changes could not be noticed. */
  remember(value: object, made: Made): boolean {
    const leaves = Leaves.of(value);
    if (leaves === undefined) return false;
    this.#known.set(value, { made, leaves });
    return true;
  }

  /** What an object was last remembered by. */
  recall(value: object): Made | undefined {
    return this.#known.get(value)?.made;
  }

  /** The same of an object that is still what it was then. */
  find(value: unknown): Made | undefined {
    const known = isObject(value) ? this.#known.get(value) : undefined;
    return known && isObject(value) && Leaves.areOf(value, known.leaves) ? known.made : undefined;
  }
}
