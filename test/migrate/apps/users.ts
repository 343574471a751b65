/** A user as the app stores it. */
export interface User {
  readonly id: string;
  readonly password: string;
  /** False once the user has signed out everywhere or has changed the password. */
  acceptsOldSessions: boolean;
}

/** Stands for the app's table of users. */
export const users: Map<string, User> = new Map();

export async function findUser(id: string): Promise<User | undefined> {
  return users.get(id);
}

/** Stands for the app's check of a password. Never store passwords like this. */
export async function checkPassword(body: unknown): Promise<User | undefined> {
  const { userId, password } = body as { userId?: string; password?: string };
  const user = users.get(userId ?? "");
  return user && user.password === password ? user : undefined;
}
