/** Keeps the token of an app that uses the bearer transport, such as in the Keychain. */
export interface TokenStorage {
  /** Returns the stored token, or nothing without one. Called before each request. */
  load(): string | null | undefined | Promise<string | null | undefined>;
  /** Stores a new token in place of the old one, or deletes it if `token` is undefined. */
  save(token: string | undefined): void | Promise<void>;
  /** The response header that carries a new token, if `bearer({ header })` of the manager names another one than `"Session-Token"`. */
  readonly header?: string;
  /**
   * Returns the header `DPoP` of a request (RFC 9449), for a session that `dpop()` of `sessionup/dpop` binds to a key. `path` of the
   * client must then be an absolute URL. `nonce` is the latest one of the server, if it asks for nonces. Default: none. The client
   * then sends the token alone.
   */
  prove?(method: string, url: string, token: string, nonce?: string): string | Promise<string>;
}

/** A response, and the token that its request presented. */
interface Answer {
  readonly response: Response;
  readonly token: string | undefined;
}

const NONCE = "dpop-nonce";

/** Presents the stored token, and stores the token of a response in place of its predecessor. */
export class TokenKeeper {
  readonly #storage: TokenStorage;
  readonly #header: string;
  /** The last step on the storage. Steps run one after another, so that none overwrites what it has not seen. */
  #last: Promise<unknown> = Promise.resolve();
  #requests = 0;
  #newest = 0;
  #nonce: string | undefined;

  constructor(storage: TokenStorage) {
    this.#storage = storage;
    this.#header = storage.header ?? "session-token";
  }

  /**
   * Sends a request. Sends it once more after a 401 if another request has stored a newer token in the meantime, or if the server
   * has sent a nonce.
   */
  async send(url: string, options: RequestInit): Promise<Answer> {
    const answer = await this.#present(await this.#load(), url, options);
    const { response, token } = answer;
    if (response.status !== 401) return answer;
    const stored = await this.#load();
    const hasChanged = stored !== token || response.headers.has(NONCE);
    return stored !== undefined && hasChanged ? this.#present(stored, url, options) : answer;
  }

  /** Deletes the stored token if `isOver` says so. */
  delete(isOver: (stored: string) => boolean): Promise<void> {
    return this.#run(async () => {
      const stored = await this.#storage.load();
      if (stored && isOver(stored)) await this.#storage.save(undefined);
    });
  }

  async #present(token: string | undefined, url: string, options: RequestInit): Promise<Answer> {
    const number = ++this.#requests;
    const headers = token === undefined ? {} : await this.#authorize(token, url, options);
    // The manager rejects a token together with its cookie.
    const response = await fetch(url, { ...options, credentials: "omit", headers });
    this.#nonce = response.headers.get(NONCE) ?? this.#nonce;
    const next = response.headers.get(this.#header);
    if (token !== undefined && next !== null) await this.#store(number, token, next);
    return { response, token };
  }

  async #authorize(
    token: string,
    url: string,
    { method = "GET" }: RequestInit,
  ): Promise<Record<string, string>> {
    const dpop = await this.#storage.prove?.(method, url, token, this.#nonce);
    return dpop === undefined
      ? { authorization: `Bearer ${token}` }
      : { authorization: `DPoP ${token}`, dpop };
  }

  /** Stores the token of a response. An empty one says that the session has ended. */
  async #store(number: number, presented: string, next: string): Promise<void> {
    await this.#run(async () => {
      const stored = await this.#storage.load();
      // The user may have logged out or in again in the meantime.
      if (!stored || !isSameSession(stored, presented)) return;
      if (next === "") await this.#storage.save(undefined);
      // A response that was overtaken has an older secret.
      else if (number > this.#newest) {
        this.#newest = number;
        await this.#storage.save(next);
      }
    });
  }

  #load(): Promise<string | undefined> {
    return this.#run(async () => (await this.#storage.load()) || undefined);
  }

  #run<Result>(step: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(step);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Whether two tokens belong to one session: a rotation changes only what follows the dot. */
export function isSameSession(one: string, other: string): boolean {
  return one.split(".", 1)[0] === other.split(".", 1)[0];
}
