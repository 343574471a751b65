/** The sections of https://keepachangelog.com, in the order in which a release lists them. */
const KINDS = ["Security", "Removed", "Changed", "Deprecated", "Added", "Fixed"];

/** Returns the section of a version. Each text begins with its kind: "Fixed: The cookie survives an error." */
export function toSection(version: string, date: string, texts: readonly string[]): string {
  const entries = texts.map((text) => {
    const [, kind = "", entry = ""] = /^(\w+): (.*)$/s.exec(text.trim()) ?? [];
    if (!KINDS.includes(kind))
      throw new Error(`A changeset must begin with ${KINDS.join(":, ")}:. Received "${text.trim()}".`);
    return { kind, line: `- ${entry.trim().replaceAll("\n", "\n  ").replaceAll(/ +$/gm, "")}` };
  });
  const groups = KINDS.map((kind) => ({
    kind,
    lines: entries.filter((entry) => entry.kind === kind).map(({ line }) => line),
  })).filter(({ lines }) => lines.length > 0);
  return [
    `## [${version}] - ${date}`,
    ...groups.map(({ kind, lines }) => [`### ${kind}`, lines.join("\n")].join("\n\n")),
    "",
  ].join("\n\n");
}

/** Adds the section above the newest version. */
export function addSection(changelog: string, section: string): string {
  const at = changelog.search(/^## \[\d/m);
  if (at === -1) throw new Error("CHANGELOG.md has no section of a version.");
  return changelog.slice(0, at) + section + changelog.slice(at);
}

/** Returns the text of a version's section, without its heading. */
export function findSection(changelog: string, version: string): string {
  const [, ...sections] = changelog.split(/^## \[/m);
  const section = sections.find((text) => text.startsWith(`${version}]`));
  if (section === undefined) throw new Error(`CHANGELOG.md has no section of ${version}.`);
  return section.slice(section.indexOf("\n")).trim();
}
