import { measureWidth, pad, truncate } from "./text-width.ts";

/** One column of a table. */
export interface Column {
  readonly title: string;
  /** The columns of the terminal to which its values may be shortened. Default: values are never shortened. */
  readonly min?: number;
  /** A width that is enough for most values. A few long ones do not take the room of other columns. */
  readonly enough?: number;
  /** Whether the column is left out if the terminal is too narrow. The last such column goes first. */
  readonly optional?: true;
  /** Whether values stand at the right edge, as numbers do. */
  readonly right?: true;
}

/** The spaces between two columns. */
const GAP = 2;

/** The shown columns of a table and their widths. Several pages of one list share it. */
export interface Layout {
  readonly columns: readonly Column[];
  readonly shown: readonly number[];
  readonly widths: readonly number[];
}

/**
 * Decides how a table fits into `width` columns of a terminal. Values have no control characters. */
export function layOut(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly string[]>,
  width: number = Number.POSITIVE_INFINITY,
): Layout {
  const natural = columns.map(({ title }, index) =>
    rows.reduce((most, row) => Math.max(most, measureWidth(row[index] ?? "")), measureWidth(title)),
  );
  const shown = chooseColumns(columns, natural, width);
  return { columns, shown, widths: shrink(columns, natural, shown, width) };
}

/** Returns the line with the titles. */
export function formatTitles(layout: Layout): string {
  return formatRow(
    layout,
    layout.columns.map(({ title }) => title),
  );
}

/** Returns the line of one row. A value that may not be shortened and is too long moves the rest of its line. */
export function formatRow({ columns, shown, widths }: Layout, values: readonly string[]): string {
  const cells = shown.map((index) => {
    const { min, right } = columns[index] ?? { title: "" };
    const width = widths[index] ?? 0;
    const value = min === undefined ? (values[index] ?? "") : truncate(values[index] ?? "", width);
    const filled = pad(value, width);
    return right ? " ".repeat(filled.length - value.length) + value : filled;
  });
  return cells.join(" ".repeat(GAP)).trimEnd();
}

/** Returns the indexes of the columns that fit when each is as short as it may be. */
function chooseColumns(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
): readonly number[] {
  let shown = columns.map((_, index) => index);
  const least = (index: number) => {
    const { min = Number.POSITIVE_INFINITY, title = "" } = columns[index] ?? {};
    return Math.min(natural[index] ?? 0, Math.max(min, measureWidth(title)));
  };
  for (;;) {
    const total = shown.reduce((sum, index) => sum + least(index), GAP * (shown.length - 1));
    const last = shown.findLast((index) => columns[index]?.optional);
    if (total <= width || last === undefined) return shown;
    shown = shown.filter((index) => index !== last);
  }
}

/**
 * Returns the width of each column, so that those shown fit together if they can. First columns lose what is more than enough,
 * then the optional columns lose the rest, and then the others do.
 */
function shrink(
  columns: readonly Column[],
  natural: readonly number[],
  shown: readonly number[],
  width: number,
): readonly number[] {
  const least = columns.map(({ title, min = Number.POSITIVE_INFINITY }) =>
    Math.max(min, measureWidth(title)),
  );
  const enough = columns.map((column, index) =>
    Math.max(column.enough ?? Number.POSITIVE_INFINITY, least[index] ?? 0),
  );
  const optional = columns.map(({ optional: isOptional }, index) =>
    isOptional ? (least[index] ?? 0) : Number.POSITIVE_INFINITY,
  );
  let widths = natural;
  for (const limits of [enough, optional, least]) widths = shrinkTo(limits, widths, shown, width);
  return widths;
}

/** Takes from the widest column above its limit, again and again, until the columns fit or each is at its limit. */
function shrinkTo(
  limits: readonly number[],
  given: readonly number[],
  shown: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...given];
  const at = (index: number) => widths[index] ?? 0;
  while (shown.reduce((sum, index) => sum + at(index), GAP * (shown.length - 1)) > width) {
    const [widest] = shown.filter((index) => at(index) > (limits[index] ?? 0)).sort((a, b) => at(b) - at(a));
    if (widest === undefined) break;
    widths[widest] = at(widest) - 1;
  }
  return widths;
}
