// Fails for each link, anchor and file of the built site that leads nowhere. Links to other sites are not followed.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Parser } from "htmlparser2";

const DIST = new URL("dist/", import.meta.url);
const SITE = new URL(
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).homepage,
);

/** Returns the anchors of a page and the addresses to which its elements refer. */
function parsePage(html) {
  const page = { anchors: new Set(), references: [] };
  const onopentag = (_name, { id, href, src }) => {
    if (id) page.anchors.add(id);
    for (const reference of [href, src]) if (reference) page.references.push(reference);
  };
  new Parser({ onopentag }).end(html);
  return page;
}

const pages = new Map(
  readdirSync(DIST, { recursive: true })
    .filter((file) => file.endsWith(".html"))
    .map((file) => [file, parsePage(readFileSync(new URL(file, DIST), "utf8"))]),
);

function exists({ origin, pathname, hash }) {
  if (!(origin + pathname).startsWith(SITE.href)) return false;
  const path = decodeURIComponent(pathname.slice(SITE.pathname.length));
  const file = path === "" || path.endsWith("/") ? `${path}index.html` : path;
  if (!existsSync(new URL(file, DIST))) return false;
  return hash === "" || pages.get(file)?.anchors.has(decodeURIComponent(hash.slice(1))) === true;
}

const found = new Set();
const broken = new Map();
for (const [file, { references }] of pages) {
  for (const reference of references) {
    const url = new URL(reference, new URL(file, SITE));
    if (url.origin !== SITE.origin) continue;
    if (exists(url)) found.add(url.href);
    else broken.set(url.href, file);
  }
}
for (const [url, file] of broken) console.error(`${url} does not exist. ${file} links to it.`);
console.log(`${found.size} links and anchors exist, ${broken.size} do not.`);
// A site without pages has no broken links either.
process.exitCode = broken.size > 0 || found.size < 50 ? 1 : 0;
