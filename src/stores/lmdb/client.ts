/** The methods of one database that the store calls. */
export interface LmdbDatabase {
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  get(key: any): any;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  putSync(key: any, value: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  removeSync(key: any): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: the package's own types are as wide
  getKeys(range: { start?: any; end?: any; reverse?: boolean; limit?: number }): Iterable<any>;
  /** Returns an object with the number of entries as `entryCount`. */
  getStats(): object;
}

/** The methods of the root database, which `open` of lmdb returns, that the store calls. */
export interface LmdbRoot {
  openDB(options: { name: string; encoding: "string"; keyEncoding: "binary" }): LmdbDatabase;
  transaction<Answer>(work: () => Answer): Promise<Answer>;
  childTransaction<Answer>(work: () => Answer): Promise<Answer>;
  resetReadTxn(): void;
  /** Waits for writes in flight. */
  close(): Promise<void>;
  readonly committed: PromiseLike<unknown>;
  /** The options of `open`. They are missing in the package's types. */
  readonly useWritemap?: boolean;
  readonly noSync?: boolean;
}
