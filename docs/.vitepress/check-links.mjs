// Serves the built site and fails for each link or anchor that leads nowhere. Links to other sites are not followed.
import { LinkChecker } from "linkinator";
import { resolveConfig, serve } from "vitepress";

const { server } = await serve({ root: ".", port: 0 });
const { base } = (await resolveConfig(".", "build")).site;
const origin = `http://localhost:${server.address().port}`;
const { links } = await new LinkChecker().check({
  path: origin + base,
  recurse: true,
  checkFragments: true,
  linksToSkip: [`^(?!${origin}/)`],
});
server.close();

const broken = new Map();
for (const { url, parent, state } of links) {
  if (state === "BROKEN") broken.set(url.slice(origin.length), parent?.slice(origin.length));
}
for (const [url, parent] of broken) console.error(`${url} does not exist. ${parent} links to it.`);
const found = links.filter(({ state }) => state === "OK").length;
console.log(`${found} links and anchors exist, ${broken.size} do not.`);
// A site without pages has no broken links either.
process.exitCode = broken.size > 0 || found < 50 ? 1 : 0;
