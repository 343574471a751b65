/** The fields of a submitted form. A field that is missing or repeated is empty. */
export interface Fields {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  /** The new password. */
  readonly next: string;
  readonly remember: boolean;
}

/** The reason why a form is shown again: a message for one field, and the status of the response. */
export interface Problem {
  readonly status: number;
  readonly field: "name" | "password" | "next";
  readonly message: string;
}

export const NAME_TAKEN: Problem = problem("name", "That name is taken. Choose another name.", 409);
export const WRONG_LOGIN: Problem = problem("password", "Wrong name or password.", 401);
export const WRONG_PASSWORD: Problem = problem("password", "That is not your current password.", 401);

const LONGEST_NAME = 64;
const LONGEST_DEVICE_NAME = 40;
const LONGEST_PASSWORD = 256;
const SHORTEST_PASSWORD = 8;

export function readFields(body: unknown): Fields {
  const sent = (body ?? {}) as Readonly<Record<string, unknown>>;
  const text = (name: string) => (typeof sent[name] === "string" ? sent[name] : "");
  return {
    id: text("id"),
    name: text("name").trim(),
    password: text("password"),
    next: text("next"),
    remember: text("remember") !== "",
  };
}

export function nameProblem(name: string): Problem | undefined {
  if (name === "") return problem("name", "Enter your name.");
  if (name.length > LONGEST_NAME)
    return problem("name", `Names can have at most ${LONGEST_NAME} characters.`);
  return undefined;
}

/** Checks the name of a device. An empty name removes it. */
export function deviceNameProblem(name: string): Problem | undefined {
  if (name.length <= LONGEST_DEVICE_NAME && name.isWellFormed()) return undefined;
  return problem("name", `Names of devices can have at most ${LONGEST_DEVICE_NAME} characters.`);
}

/** Checks the form of a password that will be compared with the user's. */
export function passwordProblem(password: string): Problem | undefined {
  if (password === "") return problem("password", "Enter your password.");
  return tooLong(password, "password");
}

/** Checks the form of a password that the user has chosen. */
export function newPasswordProblem(password: string, field: "password" | "next"): Problem | undefined {
  if (password.length < SHORTEST_PASSWORD)
    return problem(field, `Choose a password of at least ${SHORTEST_PASSWORD} characters.`);
  return tooLong(password, field);
}

function tooLong(password: string, field: "password" | "next"): Problem | undefined {
  if (password.length <= LONGEST_PASSWORD) return undefined;
  return problem(field, `Passwords can have at most ${LONGEST_PASSWORD} characters.`);
}

function problem(field: Problem["field"], message: string, status = 400): Problem {
  return { status, field, message };
}
