// deno-lint-ignore-file no-console -- a tool of the developers, whose console it is
/**
 * Takes the pictures of the README, in a real Chromium: `deno task screenshots`.
 *
 * What they show is the page that the program gives out, fed by documents that are the same each time, so that pictures that
 * differ mean a page that differs.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser, type View } from "./kit/browser.ts";
import { fakeChannel, FakeWorld } from "./kit/fake_documents.ts";
import { FakeInstance } from "./kit/fake_instance.ts";
import { findProgram } from "./kit/needs.ts";

const FOLDER = new URL("../man/pictures/", import.meta.url);
/** When the pictures are taken, for the page. */
const NOW = Date.UTC(2026, 10, 25, 14, 5, 10);

/** The pictures: what is seen, and which row is opened. */
const PICTURES: readonly (View & { readonly name: string; readonly open?: string })[] = [
  { name: "dashboard-light", width: 1280, height: 1120 },
  { name: "dashboard-dark", width: 1280, height: 1120, dark: true, open: "web1" },
  { name: "dashboard-phone", width: 380, height: 760, scale: 2 },
];

/** Three web servers and one in reserve, of which the second has gone down two minutes ago. */
function makeInstance(): FakeInstance {
  const start = NOW - 600_000;
  const web = (number: number): ReturnType<typeof fakeChannel> =>
    fakeChannel(number, `web${number + 1}`, start, { load: 106 - 4 * number });
  const spare = fakeChannel(0, "spare", start, { address: "10.0.1.5", load: 0, maxc: 500 });
  const instance = new FakeInstance(
    new FakeWorld(start, [
      { group: 0, method: "least", channels: [web(0), web(1), web(2)] },
      { group: 1, method: "rr", channels: [spare] },
    ]),
  );
  instance.remember(240);
  instance.happen({
    at: new Date(instance.world.now).toISOString(),
    kind: "operator",
    level: "notice",
    text: "weight of channel 0.2 web3 is 1",
    group: 0,
    channel: 2,
  });
  instance.remember(227);
  instance.breakChannel(0, 1);
  instance.world.channel(0, 1).connectFailures = { refused: 0, timeout: 7 };
  instance.world.channel(0, 0).load *= 1.45;
  instance.world.channel(0, 2).load *= 1.45;
  instance.remember(133);
  return instance;
}

async function main(): Promise<number> {
  if (findProgram("chromium") === undefined) {
    console.error("balance: no chromium; on Debian: apt-get install chromium");
    return 69;
  }
  const folder = Deno.args[0] ?? fileURLToPath(FOLDER);
  await Deno.mkdir(folder, { recursive: true });
  await using instance = makeInstance();
  instance.start(false);
  await using browser = await Browser.start();
  for (const { name, open, ...view } of PICTURES) {
    await using page = await browser.open(instance.url, { ...view, reducedMotion: true });
    await page.until("document.querySelector('.u-wrap canvas')");
    await page.until("document.querySelector('#ends b')");
    if (open !== undefined) {
      await page.evaluate(
        `[...document.querySelectorAll(".opener")].find(({ textContent }) => textContent === "${open}").click()`,
      );
      await page.until("document.querySelector('.details .connections td')");
      await page.until("document.querySelector('.details .u-wrap canvas')");
    }
    const path = join(folder, `${name}.png`);
    await Deno.writeFile(path, await page.picture());
    console.log(path);
  }
  return 0;
}

Deno.exit(await main());
