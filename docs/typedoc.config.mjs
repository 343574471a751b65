// Writes the reference of all types from the JSDoc of src/, one page per subpath.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Converter, ReflectionKind } from "typedoc";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { name, exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** The subpaths by their source file: "src/adapters/node.ts" → "sessionup/node". */
const SUBPATHS = new Map(
  Object.entries(exports).flatMap(([subpath, { default: built }]) =>
    built ? [[built.replace("./dist/", "src/").replace(/\.js$/, ".ts"), subpath.replace(/^\./, name)]] : [],
  ),
);

/** Names each module by its subpath, and omits the symbol by which subpaths reach into an adapter. */
function nameModules(/** @type {import("typedoc").Application} */ app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      module.name = SUBPATHS.get(`src/${module.name}.ts`) ?? module.name;
    }
    for (const each of Object.values(project.reflections)) {
      if (each.name === "[MOUNT]") project.removeReflection(each);
    }
  });
}

/** @type {import("typedoc").TypeDocOptions & import("typedoc-plugin-markdown").PluginOptions} */
export default {
  plugin: ["typedoc-plugin-markdown", nameModules],
  entryPoints: [...SUBPATHS.keys()].map((file) => join(ROOT, file)),
  tsconfig: "../tsconfig.build.json",
  out: "reference/api",
  router: "module",
  readme: "none",
  entryFileName: "index.md",
  excludeInternal: true,
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  parametersFormat: "table",
  propertiesFormat: "table",
  enumMembersFormat: "table",
  typeDeclarationFormat: "table",
  interfacePropertiesFormat: "table",
  useCodeBlocks: true,
  useHTMLAnchors: true,
  validation: false,
  // `npm run types` checks the types.
  skipErrorChecking: true,
};
