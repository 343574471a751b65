import { app } from "../_app.js";

export default async function Layout({ children }) {
  return (
    <>
      <output id="layout">{await app().show("layout")}</output>
      {children}
    </>
  );
}
