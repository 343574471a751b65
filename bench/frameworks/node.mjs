import { createActions, LOGIN } from "./_actions.mjs";

export function createListener(contender) {
  const { guard, userKey } = contender;
  const actions = createActions(contender);
  return (request, response) => {
    if (request.url === "/") {
      if (!guard) return answer(response, userKey(request, response));
      return guard(request, response, (error) =>
        error ? fail(response, error) : answer(response, userKey(request, response)),
      );
    }
    const isLogin = request.url.startsWith(LOGIN);
    const act = isLogin
      ? async () => void (await contender.login(request.url.slice(LOGIN.length), request, response))
      : actions[request.url];
    const run = () =>
      act(request, response).then(
        (text) => answer(response, text),
        (error) => fail(response, error),
      );
    if (isLogin) return run();
    return guard(request, response, (error) => (error ? fail(response, error) : run()));
  };
}

function answer(response, text) {
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.end(text);
}

function fail(response, error) {
  console.error(error);
  response.statusCode = 500;
  response.end();
}
