/**
 * The command line that would start an instance as it is now.
 *
 * @module
 */
import { MAX_CHANNELS, MAX_GROUPS, type MethodName, slotOf, type Table } from "../table/schema.ts";
import { methodOf } from "../table/access.ts";
import { type ChannelView, viewTable } from "../table/view.ts";
import { escapeUnprintable } from "../health/escapes.ts";
import { printable } from "../text.ts";
import { type Destination, formatDestination } from "./destination.ts";
import { followsRecords } from "./settings.ts";
import { quoteForSh } from "./words.ts";

/** What is known beside the table of how an instance was started. */
export interface StartedWith {
  /** The options, as words. `--method` is not among them. */
  readonly options: readonly string[];
  /** The port as typed. */
  readonly port: string;
  /** What was typed for each channel, by slot; members of a `dns:` or `srv:` destination have the same object. */
  readonly destinations: ReadonlyMap<number, Destination>;
}

/**
 * Writes the command line on the first line, quoted for sh, and on `#` lines what no option can say.
 *
 * @param table The channels as they are.
 */
export function formatSnapshot(table: Table, started: StartedWith): string[] {
  const views = viewTable(table).filter(({ leaving }) => !leaving);
  const groups = groupsOf(views);
  const methods = groups.map((_, group) => methodOf(table, group));
  const operands = groups.flatMap((members, group) => [
    ...operandsOf(members, started),
    ...separator(methods[group], group, groups.length),
  ]);
  const words = [
    "balance",
    ...onOneLine(started.options),
    ...methodOption(methods),
    started.port,
    ...operands,
  ];
  const remarks = [
    ...words.filter((word) => printable(word) !== word)
      .map((word) => `${word} has characters that this line cannot show`),
    ...tooMany(operands.length),
    ...groups.flatMap((members, group) => remarksOf(members, group, started)),
  ];
  return [printable(quoteForSh(words)), ...remarks.map((remark) => `# ${printable(remark)}`)];
}

/** Options whose values may have escapes in the place of characters that a line cannot show. */
const ESCAPABLE: ReadonlySet<string | undefined> = new Set(["--check-send", "--check-expect"]);

function onOneLine(options: readonly string[]): string[] {
  return options.map((word, at) => ESCAPABLE.has(options[at - 1]) ? escapeUnprintable(word) : word);
}

/** The channels of each group, up to the last one that has some. */
function groupsOf(views: readonly ChannelView[]): ChannelView[][] {
  const groups = Array.from(
    { length: MAX_GROUPS },
    (_, group) => views.filter((view) => view.group === group),
  );
  return groups.slice(0, groups.findLastIndex((members) => members.length > 0) + 1);
}

/** A destination for each channel; members of one name are one destination. */
function operandsOf(members: readonly ChannelView[], started: StartedWith): string[] {
  const said = new Set<Destination>();
  return members.flatMap((view) => {
    const destination = started.destinations.get(slotOf(view.group, view.channel));
    if (destination === undefined || said.has(destination)) return [];
    said.add(destination);
    if (followsRecords(destination.address)) return [formatDestination(destination)];
    return [formatDestination(asItIs(destination, view))];
  });
}

/** What was typed for a channel, with what was changed since. */
function asItIs(destination: Destination, { maxc, weight }: ChannelView): Destination {
  const { weight: typed = 1, ...others } = destination.attributes;
  const attributes = weight === typed ? destination.attributes : { ...others, weight };
  return { ...destination, maxc, attributes };
}

function separator(method: MethodName | undefined, group: number, groups: number): string[] {
  if (isClosed(method, group)) return ["%"];
  return group === groups - 1 ? [] : ["!"];
}

/** Whether `%` closes a group: behind the very last one no separator may stand. */
function isClosed(method: MethodName | undefined, group: number): boolean {
  return method === "hash" && group < MAX_GROUPS - 1;
}

/** `--method` for the groups that `%` does not close; none if all of them take turns. */
function methodOption(methods: readonly MethodName[]): string[] {
  const names = methods.filter((method, group) => !isClosed(method, group));
  while (names.length > 1 && names.at(-1) === names.at(-2)) names.pop();
  return names.every((name) => name === "rr") ? [] : ["--method", names.join(",")];
}

function tooMany(operands: number): string[] {
  return operands < MAX_CHANNELS ? [] : [
    `a command line takes fewer than ${MAX_CHANNELS} destinations and separators, this has ${operands}`,
  ];
}

function remarksOf(
  members: readonly ChannelView[],
  group: number,
  started: StartedWith,
): string[] {
  if (members.length === 0) {
    return [
      `group ${group} has no channels: a command line cannot say so, those behind it would move up`,
    ];
  }
  return members.flatMap((view, place) => {
    const label = `channel ${group}.${view.channel}`;
    const destination = started.destinations.get(slotOf(group, view.channel));
    return [
      ...(view.channel === place ? [] : [`${label} would be ${group}.${place}`]),
      ...(view.enabled ? [] : [`${label} is disabled: disable ${view.channel} in group ${group}`]),
      ...(destination !== undefined && followsRecords(destination.address)
        ? changedMember(view, destination, label)
        : []),
    ];
  });
}

/** What an operator has changed of one of the members of a name: the destination stands for all of them. */
function changedMember(
  { maxc, weight }: ChannelView,
  { address, attributes, maxc: typed }: Destination,
  label: string,
): string[] {
  // Without the attribute the weight of `srv:` comes from the record.
  const usual = attributes.weight ?? (address.kind === "srv" ? weight : 1);
  return [
    ...(maxc === typed ? [] : [`${label} has maxc ${maxc}`]),
    ...(weight === usual ? [] : [`${label} has weight ${weight}`]),
  ];
}
