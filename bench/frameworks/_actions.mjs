export const LOGIN = "/login/";

/** Returns the actions besides authentication by path. Each returns the response as text and runs behind the guard. */
export function createActions(contender) {
  const { logout, list, revokeOthers } = contender;
  return {
    ...(logout && { "/logout": async (...context) => void (await logout(...context)) }),
    ...(list && { "/list": async (...context) => String(await list(...context)) }),
    ...(revokeOthers && { "/revoke-others": async (...context) => void (await revokeOthers(...context)) }),
  };
}
