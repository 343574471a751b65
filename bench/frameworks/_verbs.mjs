export const LOGIN = "/login/";

/** What can be asked besides who one is: by path, each with what answers it, in text. Only the login has no guard. */
export function verbsOf(contender) {
  const { logout, list, revokeOthers } = contender;
  return {
    ...(logout && { "/logout": async (...context) => void (await logout(...context)) }),
    ...(list && { "/list": async (...context) => String(await list(...context)) }),
    ...(revokeOthers && { "/revoke-others": async (...context) => void (await revokeOthers(...context)) }),
  };
}
