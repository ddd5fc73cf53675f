/** What `snapshot` prints reads as the same table, whatever was done to it. */
import {
  channelName,
  type Destination,
  parseDestination,
} from "../../../lib/core/command_line/destination.ts";
import { parseOptions } from "../../../lib/core/command_line/options.ts";
import { channelSettings, followsRecords } from "../../../lib/core/command_line/settings.ts";
import { formatSnapshot } from "../../../lib/core/command_line/snapshot.ts";
import { groupMethods, parseGroups } from "../../../lib/core/command_line/spec.ts";
import { parseWords } from "../../../lib/core/command_line/words.ts";
import { methodOf } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { createTable, METHODS, slotOf, type Table } from "../../../lib/core/table/schema.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { ipv4Place, SERVICES } from "../../kit/make_table.ts";
import { type Random, withSeed } from "../../kit/random.ts";

const PORT = 8888;
const NAMES = [
  "web",
  "it's",
  '"quoted"',
  "$HOME `x`",
  "a b",
  "#1",
  "é",
  "x=y",
  "*?[a]",
  "\\n",
  "~",
];
const ADDRESSES = [
  "web1",
  "10.0.0.1",
  "localhost",
  "127.1",
  "[::1]",
  "[fe80::1%eth0]",
  "unix:/run/a b",
  "unix:x.sock",
];
const OPTIONS = [
  ["-t", "3"],
  ["--check-send", 'it\'s "x"\\r\\n'],
  ["--queue", "5:2"],
  ["--health"],
  ["--log-file", "/var/log/my balance.log"],
  ["-b", "127.0.0.1"],
  ["--deny", "10.0.0.0/8,::1"],
];

/** A table with what is known of its channels. */
class Made {
  readonly table: Table = createTable(1);
  readonly destinations = new Map<number, Destination>();
  readonly rows = Array.from({ length: 16 }, () => 0);

  add(group: number, operand: string, count = 1): number {
    const destination = parseDestination(operand, PORT, SERVICES);
    const first = slotOf(group, this.rows[group] ?? 0);
    for (let member = 0; member < count; member++) {
      const slot = slotOf(group, this.rows[group] ?? 0);
      const place = ipv4Place(slot, destination.port);
      const settings = channelSettings(destination);
      apply(this.table, [{ kind: "create", group, place, enabled: true, ...settings }]);
      this.destinations.set(slot, destination);
      this.rows[group] = (this.rows[group] ?? 0) + 1;
    }
    return first;
  }

  snapshot(options: readonly string[] = []): string[] {
    return formatSnapshot(this.table, {
      options,
      port: String(PORT),
      destinations: this.destinations,
    });
  }
}

function operand(random: Random): string {
  const unix = random.chance(0.2);
  const host = unix ? random.pick(ADDRESSES.slice(6)) : random.pick(ADDRESSES.slice(0, 6));
  const port = unix || random.chance(0.3) ? "" : random.pick(["80", "smtp", "70000", "8080"]);
  const maxc = random.chance(0.7) ? "" : `:${random.pick(["5", "-1", "0", "2147483647"])}`;
  const fields = port === "" && maxc === "" ? "" : `:${port}${maxc}`;
  const attributes = [
    `weight=${random.between(0, 1000)}`,
    "backup",
    "check=http:/x?a=b&c",
    "checkport=81",
    "proxy=v2",
    `name=${random.pick(NAMES)}`,
    ...(maxc === "" ? ["maxc=7"] : []),
  ].filter(() => random.chance(0.25));
  return [host + fields, ...attributes].join(",");
}

/** What starting a command line would make, in words. */
function started(line: string): unknown {
  const parsed = parseWords(line);
  assert(parsed.kind === "words", line);
  const [program, ...words] = parsed.words.map(({ text }) => text);
  assertEquals(program, "balance");
  const options = parseOptions(words);
  assertEquals([options.mode, options.port], ["serve", String(PORT)]);
  const groups = parseGroups(options.destinations, PORT, SERVICES);
  const methods = groupMethods(groups, options.methods);
  const told = groups.map(({ destinations }, group) => ({
    method: methods[group],
    channels: destinations.map((each) => ({
      name: channelName(each),
      address: each.address,
      port: each.port,
      check: [each.attributes.check, each.attributes.checkport],
      ...channelSettings(each),
    })),
  }));
  // The last group may be empty.
  return told.filter(({ channels }) => channels.length > 0);
}

/** What there is. */
function present({ table, destinations }: Made): unknown {
  const views = viewTable(table);
  const groups = [...new Set(views.map(({ group }) => group))];
  return groups.map((group) => {
    const said = new Set<Destination>();
    return {
      method: methodOf(table, group),
      channels: views.filter((view) => view.group === group).flatMap((view) => {
        const destination = destinations.get(slotOf(view.group, view.channel));
        assert(destination !== undefined);
        if (said.has(destination)) return [];
        said.add(destination);
        const typed = channelSettings(destination);
        const follows = followsRecords(destination.address);
        return [{
          name: channelName(destination),
          address: destination.address,
          port: destination.port,
          check: [destination.attributes.check, destination.attributes.checkport],
          maxc: follows ? typed.maxc : view.maxc,
          weight: follows ? typed.weight : view.weight,
          flags: typed.flags,
        }];
      }),
    };
  });
}

Deno.test("the command line of a random state starts that state", () =>
  withSeed((random) => {
    for (let round = 0; round < 300; round++) {
      const made = new Made();
      const groups = random.chance(0.1) ? 16 : random.between(1, 5);
      const room = Math.floor(60 / groups) - 2;
      for (let group = 0; group < groups; group++) {
        apply(made.table, [{ kind: "method", group, method: random.pick(METHODS) }]);
        for (let count = random.between(1, Math.max(1, Math.min(4, room))); count > 0; count--) {
          if (random.chance(0.1)) {
            made.add(group, `${random.pick(["dns", "srv"])}:x.test,weight=3`, 2);
          } else made.add(group, operand(random));
        }
      }
      for (const slot of made.destinations.keys()) {
        if (random.chance(0.3)) {
          apply(made.table, [{ kind: "weight", slot, weight: random.between(0, 1000) }]);
        }
        if (random.chance(0.3)) {
          apply(made.table, [{ kind: "maxc", slot, maxc: random.between(-1, 9) }]);
        }
        if (random.chance(0.2)) {
          apply(made.table, [{ kind: "enabled", slot, enabled: false }]);
        }
      }
      const options = OPTIONS.filter(() => random.chance(0.3)).flat();
      const [line = "", ...remarks] = made.snapshot(options);
      assertEquals(started(line), present(made));
      for (const remark of remarks) {
        assert(remark.startsWith("# "), remark);
      }
      const disabled = viewTable(made.table).filter(({ enabled }) => !enabled);
      assertEquals(remarks.filter((each) => each.includes(" is disabled")).length, disabled.length);
      assertEquals(parseOptions(words(line)).given, options);
    }
  }));

function words(line: string): string[] {
  const parsed = parseWords(line);
  return parsed.kind === "words" ? parsed.words.slice(1).map(({ text }) => text) : [];
}

Deno.test("sixteen groups of which the last is a hash group start again", () => {
  const made = new Made();
  for (let group = 0; group < 16; group++) made.add(group, "web1:80");
  apply(made.table, [{ kind: "method", group: 15, method: "hash" }, {
    kind: "method",
    group: 3,
    method: "hash",
  }]);
  const [line = ""] = made.snapshot();
  assertEquals(started(line), present(made));
});

Deno.test("what no command line can say stands on lines of its own", () => {
  const made = new Made();
  made.add(0, "web1:80");
  const member = made.add(2, "dns:x.test:80,weight=2", 2);
  const other = made.add(2, "srv:y.test");
  apply(made.table, [
    { kind: "enabled", slot: 0, enabled: false },
    { kind: "maxc", slot: member, maxc: 9 },
    { kind: "weight", slot: member + 1, weight: 7 },
    { kind: "weight", slot: other, weight: 5 },
  ]);
  assertEquals(made.snapshot(), [
    "balance 8888 web1:80 '!' '!' dns:x.test:80,weight=2 srv:y.test",
    "# channel 0.0 is disabled: disable 0 in group 0",
    "# group 1 has no channels: a command line cannot say so, those behind it would move up",
    "# channel 2.0 has maxc 9",
    "# channel 2.1 has weight 7",
  ]);
});

Deno.test("a channel that moves up is told, and one whose record is gone is not there", () => {
  const made = new Made();
  const gone = made.add(0, "dns:x.test:80");
  made.add(0, "web2:80");
  apply(made.table, [{ kind: "presence", slot: gone, presence: "leaving" }]);
  assertEquals(made.snapshot(), ["balance 8888 web2:80", "# channel 0.1 would be 0.0"]);
});

Deno.test("an instance without channels is a command line without destinations", () => {
  assertEquals(new Made().snapshot(["--health"]), ["balance --health 8888"]);
});

Deno.test("64 destinations and separators are one too many, 63 are not", () => {
  const made = new Made();
  for (let count = 0; count < 63; count++) made.add(0, "web1:80");
  assertEquals(made.snapshot().length, 1);
  made.add(0, "web1:80");
  assertEquals(made.snapshot().slice(1), [
    "# a command line takes fewer than 64 destinations and separators, this has 64",
  ]);
});

Deno.test("a method is said for as many groups as have one of their own", () => {
  const made = new Made();
  for (const [group, method] of (["least", "hash", "rr", "rr"] as const).entries()) {
    made.add(group, "web1:80");
    apply(made.table, [{ kind: "method", group, method }]);
  }
  assertEquals(made.snapshot(), [
    "balance --method least,rr 8888 web1:80 '!' web1:80 % web1:80 '!' web1:80",
  ]);
});

Deno.test("a snapshot is one line of command, whatever is in the words", () => {
  const made = new Made();
  made.add(0, "web1:80");
  const [line = "", ...remarks] = made.snapshot(["--check-send", "PING\n. 0\r\n\u200b", "-b", "x"]);
  assertEquals(
    line,
    "balance --check-send 'PING\\x0a. 0\\x0d\\x0a\\xe2\\x80\\x8b' -b x 8888 web1:80",
  );
  assertEquals(remarks, []);
  const [other = "", remark] = made.snapshot(["--log-file", "a\nb"]);
  assertEquals(other, "balance --log-file 'a\\x0ab' 8888 web1:80");
  assertEquals(remark, "# a\\x0ab has characters that this line cannot show");
});
