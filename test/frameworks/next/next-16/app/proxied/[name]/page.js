import { app } from "../../_app.js";

export default async function Page({ params }) {
  const { name } = await params;
  return (
    <>
      <output id="page">{await app().show(name)}</output>
      <Child />
      <Child />
    </>
  );
}

async function Child() {
  return <output id="child">{await app().show("child")}</output>;
}
