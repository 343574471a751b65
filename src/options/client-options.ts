import type { SetCookie } from "../exchange.ts";
import type { Agent } from "../session.ts";
import { DeviceCookie } from "../signed/device-cookie.ts";
import type { Signer } from "../signed/signer.ts";
import type { Json } from "../store.ts";
import { checkBoolean, checkOptionNames } from "./checks.ts";
import { KEYS } from "./signing-keys.ts";

/** What is kept of who asked. */
export interface ClientOptions {
  /**
   * Default true: keep the address with the session. `"prefix"`: its network alone, /24 or /64, such as
   * `"203.0.113.0/24"`. `"hash"`: that network's hash by `keys`, which can be compared and never shown. False: nothing.
   */
  readonly ip?: boolean | "prefix" | "hash";
  /** Default true: keep the families of browser and system. */
  readonly agent?: boolean;
  /** Default: the built-in labeller. Gets at most 512 characters of the User-Agent, and the request's headers by lower-case name. */
  readonly parse?: (userAgent: string, header: (name: string) => string | undefined) => Agent;
  /**
   * Default: none. Where an address is, by your own database or service: JSON of at most 1 024 characters, which is kept
   * with the session and shown as `geo`. Called at each login, which waits for it; the address is the whole one, also
   * where less of it is kept. One that throws is told as `error`, and breaks no login.
   */
  readonly geo?: (ip: string) => Json | undefined | Promise<Json | undefined>;
}

/** By what `created` says whether somebody like this was seen before. */
export interface RecognizeOptions {
  /** Default true: by the families of browser and system, and by the networks, of the user's live sessions. One more read at each login. */
  readonly sessions?: boolean;
  /**
   * Default false. True: by a cookie of its own that stays for 400 days, `__Host-sessionup-device` say, which `keys` sign. No
   * page but yours can read it, no script, and nothing of it is stored with you; it stays when the user logs out.
   */
  readonly device?: boolean;
}

/**
 * Whether a session may be used from elsewhere than where it was started. An attribute that the session or the request
 * lacks counts as unchanged.
 */
export interface ValidateOptions {
  /**
   * Default false. `true` compares the networks (/24, /64); phones change theirs all day. `"exact"` compares the whole
   * addresses and needs `client.ip: true`: it signs out users of carriers and offices that switch addresses within a network.
   * An adapter that knows no address compares nothing, which the event `error` reports once.
   */
  readonly ip?: boolean | "exact";
  /** Default false: compare the families of browser and system. */
  readonly agent?: boolean;
  /** Default `"refuse"`: 401, the session stays. `"end"`: 401, and it ends. `"report"`: only the event `client_changed`. */
  readonly onChange?: "refuse" | "end" | "report";
}

/** What `client` comes to. @internal */
export interface Client {
  readonly ip: boolean | "prefix" | "hash";
  readonly agent: boolean;
  readonly parse: ClientOptions["parse"];
  readonly geo: ClientOptions["geo"];
}

/** What `recognize` comes to. @internal */
export interface Recognition {
  readonly sessions: boolean;
  readonly device: DeviceCookie | undefined;
}

/** Checks and completes the option `client`. Throws `TypeError`. @internal */
export function clientOf(options: ClientOptions = {}, signer: Signer | undefined): Client {
  checkOptionNames(options, "client", ["ip", "agent", "parse", "geo"]);
  const { ip = true, agent = true, parse, geo } = options;
  if (ip !== "prefix" && ip !== "hash") checkBoolean(ip, "client.ip", 'true, "prefix", "hash" or false');
  if (ip === "hash" && !signer) throw new TypeError(`client.ip: "hash" needs the option keys, ${KEYS}`);
  checkBoolean(agent, "client.agent");
  if (geo !== undefined && typeof geo !== "function") throw new TypeError("client.geo: needs a function");
  if (parse !== undefined && typeof parse !== "function")
    throw new TypeError("client.parse: needs a function");
  return Object.freeze({ ip, agent, parse, geo });
}

/** Checks and completes the option `recognize`. Throws `TypeError`. @internal */
export function recognizeOf(
  options: RecognizeOptions | undefined,
  client: Client,
  cookie: Omit<SetCookie, "value">,
  signer: Signer | undefined,
): Recognition | undefined {
  if (options === undefined) return undefined;
  checkOptionNames(options, "recognize", ["sessions", "device"]);
  const { sessions = true, device = false } = options;
  checkBoolean(sessions, "recognize.sessions");
  checkBoolean(device, "recognize.device");
  if (!sessions && !device)
    throw new TypeError("recognize: needs sessions, device or both; leave it out to ask for neither");
  if (sessions && !client.ip && !client.agent)
    throw new TypeError(
      "recognize.sessions: needs client.ip or client.agent, there is nothing to compare with",
    );
  if (!device) return { sessions, device: undefined };
  if (!signer) throw new TypeError(`recognize.device: needs the option keys, ${KEYS}`);
  return { sessions, device: new DeviceCookie(cookie, signer) };
}

/** Checks and completes the option `validate`. Throws `TypeError`. @internal */
export function validateOf(
  options: ValidateOptions | undefined,
  client: { readonly ip: unknown; readonly agent: boolean },
): Required<ValidateOptions> | undefined {
  if (options === undefined) return undefined;
  checkOptionNames(options, "validate", ["ip", "agent", "onChange"]);
  const { ip = false, agent = false, onChange = "refuse" } = options;
  if (ip !== "exact") checkBoolean(ip, "validate.ip", 'true, false or "exact"');
  checkBoolean(agent, "validate.agent");
  if (!ip && !agent)
    throw new TypeError("validate: needs ip, agent or both; leave it out to compare neither");
  if (ip && !client.ip)
    throw new TypeError("validate.ip: needs client.ip, there is no address to compare with");
  if (ip === "exact" && client.ip !== true)
    throw new TypeError('validate.ip: "exact" needs client.ip: true, which keeps the whole address');
  if (agent && !client.agent)
    throw new TypeError("validate.agent: needs client.agent, there is nothing to compare with");
  if (!["refuse", "end", "report"].includes(onChange)) {
    throw new TypeError('validate.onChange: needs "refuse", "end" or "report"');
  }
  return Object.freeze({ ip, agent, onChange });
}
