import type { InitOptions } from "../options/init-options.ts";
import type { Session } from "../session.ts";
import type { StandardSchema } from "../standard-schema.ts";
import type { PeekOptions, PocketValue, PocketValues, PutOptions, TakeOptions } from "./options.ts";

/** The names of a pocket's values. */
export type PocketName<Values extends PocketValues> = keyof Values & string;

/** The type of a value that `put` accepts. */
export type PocketInput<Value extends PocketValue> =
  Value["schema"] extends StandardSchema<infer In, infer _Out> ? In : never;

/** The type of a value that `take` and `peek` return. */
export type PocketOutput<Value extends PocketValue> =
  Value["schema"] extends StandardSchema<infer _In, infer Out> ? Out : never;

/** The options of a pocket's `init`: those of `init`, with other metadata. */
export type PocketInitOptions<In, Values extends PocketValues, Name extends PocketName<Values>> = Omit<
  InitOptions<In>,
  "meta"
> & {
  /** The names of the values that move into the session. */
  readonly from: readonly Name[];
  /** Returns the metadata of the session. A value that the browser does not have is absent. */
  readonly meta: (values: { readonly [Key in Name]?: PocketOutput<Values[Key]> }) => In | Promise<In>;
};

/**
 * The methods of a pocket. They read and write no session, and only `take` with `once` and `init` use the store. Without a
 * value, no cookie is set.
 */
export interface Pocket<Context, In, Out, Values extends PocketValues> {
  /**
   * Puts a value, which replaces an earlier one of the same name and `key`.
   *
   * Throws `ERR_META_INVALID` (422) for a value that the schema rejects, that is not plain JSON, or whose cookie exceeds 3 kB;
   * `ERR_HEADERS_SENT`; `ERR_CROSS_ORIGIN` (403) for an unsafe request that a page of another origin sent.
   */
  put<Name extends PocketName<Values>>(
    context: Context,
    name: Name,
    value: PocketInput<Values[Name]>,
    options?: PutOptions,
  ): Promise<void>;
  /**
   * Returns a value and removes it. A cookie that is expired, forged or no longer valid counts as no value.
   *
   * Throws `ERR_HEADERS_SENT` if there is a value, and with `once` `ERR_STORE` (503) when the store fails. In both cases the
   * value stays.
   */
  take<Name extends PocketName<Values>>(
    context: Context,
    name: Name,
    options?: TakeOptions,
  ): Promise<PocketOutput<Values[Name]> | undefined>;
  /** Returns a value, and leaves it where it is. */
  peek<Name extends PocketName<Values>>(
    context: Context,
    name: Name,
    options?: PeekOptions,
  ): Promise<PocketOutput<Values[Name]> | undefined>;
  /**
   * Logs in as the `init` of the sessions does, with the same errors. The same write creates the session and stores the values
   * in it, and the same response removes them from the browser. If `init` throws, the values stay.
   */
  init<Name extends PocketName<Values>>(
    context: Context,
    userKey: string,
    options: PocketInitOptions<In, Values, Name>,
  ): Promise<Session<Out>>;
  /**
   * Returns a token for a hidden field of a form that needs no session, such as the login form. Sets a cookie that binds the
   * token to the browser. The token is valid for 12 hours, repeatedly.
   */
  formToken(context: Context): string;
  /** Throws `ERR_CROSS_ORIGIN` (403) unless the text is a form token of this browser. */
  verifyFormToken(context: Context, text: unknown): void;
}

/** The methods of `Pocket` without their first argument, for bound sessions. All are asynchronous. */
export interface BoundPocket<In, Out, Values extends PocketValues> {
  /** Puts a value, which replaces an earlier one of the same name and `key`. */
  put<Name extends PocketName<Values>>(
    name: Name,
    value: PocketInput<Values[Name]>,
    options?: PutOptions,
  ): Promise<void>;
  /** Returns a value and removes it. */
  take<Name extends PocketName<Values>>(
    name: Name,
    options?: TakeOptions,
  ): Promise<PocketOutput<Values[Name]> | undefined>;
  /** Returns a value, and leaves it where it is. */
  peek<Name extends PocketName<Values>>(
    name: Name,
    options?: PeekOptions,
  ): Promise<PocketOutput<Values[Name]> | undefined>;
  /** Logs in, and moves values into the metadata of the session. */
  init<Name extends PocketName<Values>>(
    userKey: string,
    options: PocketInitOptions<In, Values, Name>,
  ): Promise<Session<Out>>;
  /** Returns a token for a hidden field of a form that needs no session. */
  formToken(): Promise<string>;
  /** Throws `ERR_CROSS_ORIGIN` (403) unless the text is a form token of this browser. */
  verifyFormToken(text: unknown): Promise<void>;
}
