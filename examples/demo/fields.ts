const LONGEST_NAME = 64;
const LONGEST_PASSWORD = 256;
const SHORTEST_PASSWORD = 8;

/** What a form sent. What is missing, or there twice, is empty. */
export interface Fields {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  /** The new password. */
  readonly next: string;
  readonly remember: boolean;
}

/** Why a form is shown again: a message beside the field it is about, and the status of the response. */
export interface Problem {
  readonly status: number;
  readonly field: "name" | "password" | "next";
  readonly message: string;
}

export function fieldsOf(body: unknown): Fields {
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
  const problem = (message: string): Problem => ({ status: 400, field: "name", message });
  if (name === "") return problem("Enter your name.");
  if (name.length > LONGEST_NAME) return problem(`Names have at most ${LONGEST_NAME} characters.`);
  return undefined;
}

export function passwordProblem(password: string): Problem | undefined {
  return tooLong(password, "password") ?? empty(password, "password");
}

export function newPasswordProblem(password: string, field: "password" | "next"): Problem | undefined {
  if (password.length >= SHORTEST_PASSWORD) return tooLong(password, field);
  return { status: 400, field, message: `Choose a password of at least ${SHORTEST_PASSWORD} characters.` };
}

function empty(password: string, field: "password" | "next"): Problem | undefined {
  return password === "" ? { status: 400, field, message: "Enter your password." } : undefined;
}

function tooLong(password: string, field: "password" | "next"): Problem | undefined {
  if (password.length <= LONGEST_PASSWORD) return undefined;
  return { status: 400, field, message: `Passwords have at most ${LONGEST_PASSWORD} characters.` };
}

export const NAME_TAKEN: Problem = {
  status: 409,
  field: "name",
  message: "That name is taken. Choose another.",
};
export const WRONG_LOGIN: Problem = {
  status: 401,
  field: "password",
  message: "That name and password do not match.",
};
export const WRONG_PASSWORD: Problem = {
  status: 401,
  field: "password",
  message: "That is not your current password.",
};
