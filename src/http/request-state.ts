import type { Exchange } from "../exchange.ts";
import type { AuthResult } from "../lifecycle/auth-result.ts";
import type { RequestUse } from "../lifecycle/refresh.ts";

/** @internal */
export type AuthenticateFunction<Out> = (exchange: Exchange, use: RequestUse) => Promise<AuthResult<Out>>;

const NOTHING: RequestUse = { touch: false, rotate: false };

/** What is known of one request. Private fields: whoever logs the context must see no hash. @internal */
export class RequestState<Out> {
  readonly #exchange: Exchange;
  #authentication: AuthResult<Out> | undefined;
  #loading: Promise<AuthResult<Out>> | undefined;
  /** Whether it may change something: it is from a page of the app's own, or the app lets every page send it. */
  mayChange = false;
  /** The reason that was reported last: each is reported once for a request. */
  reported: string | undefined;
  /** What has followed from it. */
  #use: RequestUse = NOTHING;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }
  get exchange(): Exchange {
    return this.#exchange;
  }
  get authentication(): AuthResult<Out> | undefined {
    return this.#authentication;
  }
  set authentication(authentication: AuthResult<Out>) {
    this.#authentication = authentication;
  }

  /** Loads at most once, however many ask at the same time; whoever has waited for it hands it to `settle`. */
  load(authenticate: AuthenticateFunction<Out>, use: RequestUse): Promise<AuthResult<Out>> {
    if (!this.#loading) {
      this.#use = use;
      this.#loading = authenticate(this.#exchange, use);
    }
    return this.#loading;
  }

  /** Whether something is to follow that has not. */
  lacks({ touch, rotate }: RequestUse, rotates: boolean): boolean {
    return (touch && !this.#use.touch) || (rotate && rotates && !this.#use.rotate);
  }

  /** What was found, unless a verb has come to know better since. */
  settle(found: AuthResult<Out>): AuthResult<Out> {
    this.#authentication ??= found;
    return this.#authentication;
  }
}
