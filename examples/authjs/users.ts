import { randomUUID } from "node:crypto";
import type { Adapter, AdapterUser } from "@auth/core/adapters";

const users = new Map<string, AdapterUser>();
/** The ids of users by provider and the provider's id of the account. */
const accounts = new Map<string, string>();

const find = (id: string | undefined) => users.get(id ?? "") ?? null;

/** Stands for the app's database. Auth.js has adapters for many. It needs no table of sessions. */
export const adapter: Adapter = {
  createUser(user) {
    const created = { ...user, id: randomUUID() };
    users.set(created.id, created);
    return created;
  },
  getUser: (id) => find(id),
  getUserByEmail: (email) => [...users.values()].find((user) => user.email === email) ?? null,
  getUserByAccount: ({ provider, providerAccountId }) =>
    find(accounts.get(`${provider} ${providerAccountId}`)),
  linkAccount({ provider, providerAccountId, userId }) {
    accounts.set(`${provider} ${providerAccountId}`, userId);
  },
};
