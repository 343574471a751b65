import type { ContractClient } from "../../../src/testing/adapter/client.ts";

/** A form on a page, and the values that fill it in. */
export interface FilledForm {
  readonly path: string;
  /** A text in the form, when it is not the page's first. */
  readonly containing?: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Headers of the request that submits the form. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Submits a Server Action's form as a browser without JavaScript does, and keeps the response's cookies. */
export async function submitForm(
  client: ContractClient,
  origin: string,
  { path, containing = "", fields, headers }: FilledForm,
): Promise<Response & { readonly html: string }> {
  const page = (await client.get(path)).text;
  const form = page.match(/<form.*?<\/form>/gs)?.find((each) => each.includes(containing));
  if (!form) throw new Error(`${path} has no form that contains "${containing}"`);
  const body = new FormData();
  for (const [, name = "", value = ""] of form.matchAll(HIDDEN))
    body.append(name, value.replaceAll("&quot;", '"'));
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  const answer = await fetch(origin + path, {
    method: "POST",
    body,
    redirect: "manual",
    headers: { cookie: client.cookieHeader(), ...headers },
  });
  client.keep(answer.headers.getSetCookie());
  return Object.assign(answer, { html: await answer.text() });
}

/** Calls the Server Action of the form on /actions as Next.js's script does in a browser. */
export async function callAction(
  client: ContractClient,
  origin: string,
  act: string,
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const id = /name="\$ACTION_ID_([0-9a-f]+)"/.exec((await client.get("/actions")).text)?.[1] ?? "";
  const body = new FormData();
  body.append("_1_act", act);
  body.append("0", '["$K1"]');
  const answer = await fetch(`${origin}/actions`, {
    method: "POST",
    body,
    redirect: "manual",
    headers: { cookie: client.cookieHeader(), "next-action": id, accept: "text/x-component" },
  });
  client.keep(answer.headers.getSetCookie());
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

const HIDDEN = /<input type="hidden" name="([^"]*)"(?: value="([^"]*)")?/g;
