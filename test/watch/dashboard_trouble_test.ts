/**
 * The dashboard when not all is as it should be, and when there is much of it.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { Browser, type Page, type View } from "../kit/browser.ts";
import { startFake } from "../kit/dashboards.ts";
import { fakeChannel, FakeWorld } from "../kit/fake_documents.ts";
import { FAKE_TOKEN, FakeInstance } from "../kit/fake_instance.ts";
import { needing, program } from "../kit/needs.ts";

const VIEW: View = { width: 1280, height: 900 };

function test(what: string, fn: (page: Page, fake: FakeInstance) => Promise<void>): void {
  Deno.test({
    ...needing(program("chromium"), `the dashboard ${what}`),
    fn: async () => {
      await using watched = await startFake();
      await using browser = await Browser.start();
      await using page = await browser.open(watched.url, VIEW);
      await page.until("document.querySelectorAll('.channel').length === 2");
      await fn(page, watched.fake);
    },
  });
}

/** Enters a token. */
async function enter(page: Page, token: string): Promise<void> {
  await page.evaluate("document.querySelector('#operate button').click()");
  await page.type(token);
  await page.press("Enter");
}

/** Makes the page believe that its tab is, or is not, hidden. */
async function hide(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(`(() => {
    Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  })()`);
}

test("refuses a wrong token, and says so", async (page) => {
  await enter(page, "wrong");
  await page.until("document.querySelector('dialog .note').textContent !== ''");
  await page.until(
    "document.querySelector('dialog .note').textContent === 'This is not the token'",
  );
  assertEquals(await page.evaluate("sessionStorage.length"), 0);
});

test("says when the instance takes no commands at all", async (page, fake) => {
  fake.takesCommands = false;
  await enter(page, FAKE_TOKEN);
  await page.until(
    "document.querySelector('dialog .note').textContent.includes('without --http-token')",
  );
});

test(
  "forgets a token that does not fit any more, and one that is locked away",
  async (page, fake) => {
    await enter(page, FAKE_TOKEN);
    await page.until("sessionStorage.length === 1");
    fake.takesCommands = false;
    await page.evaluate("document.querySelector('.opener').click()");
    await page.until("document.querySelector('[aria-label=\"Disable web1\"]')?.hidden === false");
    await page.evaluate("document.querySelector('[aria-label=\"Disable web1\"]').click()");
    await page.until("sessionStorage.length === 0");
    await page.until("document.querySelector('[aria-label=\"Disable web1\"]').hidden");
    fake.takesCommands = true;
    await enter(page, FAKE_TOKEN);
    await page.until("sessionStorage.length === 1");
    await page.evaluate("document.querySelector('#operate button').click()");
    assertEquals(await page.evaluate("sessionStorage.length"), 0);
  },
);

test("keeps a token over a reload", async (page, fake) => {
  await enter(page, FAKE_TOKEN);
  await page.until("sessionStorage.length === 1");
  await page.go(fake.url);
  await page.until("document.querySelector('#operate button')?.textContent === 'Lock'");
});

test("tells how a drain goes on", async (page, fake) => {
  await enter(page, FAKE_TOKEN);
  await page.evaluate("document.querySelector('.opener').click()");
  await page.until("document.querySelector('[aria-label=\"Drain web1\"]')?.hidden === false");
  await page.evaluate("document.querySelector('[aria-label=\"Drain web1\"]').click()");
  const said = "document.querySelector('.details .note').textContent";
  await page.until(`/^Draining, [\\d,]+ connections? left$/.test(${said})`);
  assert(fake.commands.includes("0 drain 0 0"));
  Object.assign(fake.world.channel(0, 0), { draining: false, connections: 0 });
  await page.until(`${said} === 'Drained'`);
});

test("takes a stream that is open but silent for what it is", async (page, fake) => {
  await page.until("document.body.className === 'well'");
  fake.pause();
  await page.until("document.body.className === 'stale'");
  fake.resume();
  await page.until("document.body.className === 'well'");
});

test("draws nothing while its tab is hidden, but for the title", async (page, fake) => {
  await page.until("document.body.className === 'well'");
  await hide(page, true);
  await page.evaluate(`(() => {
    globalThis.changes = 0;
    new MutationObserver((records) => changes += records.length)
      .observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true });
  })()`);
  fake.breakChannel(0, 1);
  await page.until("document.title.startsWith('1 of 2 down')");
  assertEquals(await page.evaluate("changes"), 0);
  await hide(page, false);
  await page.until("document.querySelector('[data-condition=down]')");
});

test("flashes a row once when its state changes, and moves nothing", async (page, fake) => {
  const tops = "[...document.querySelectorAll('.channel')].map((row) => row.offsetTop).join()";
  await page.until("document.querySelector('#ends b')");
  const before = await page.evaluate(tops);
  fake.breakChannel(0, 1);
  await page.until("document.querySelector('.flash .opener')?.textContent === 'web2'");
  assertEquals(await page.evaluate(tops), before);
  await page.until("document.querySelector('.flash') === null");
});

test(
  "shows who is connected, how connections ended and what happened, of one server",
  async (page, fake) => {
    fake.happen({
      at: new Date(fake.world.now).toISOString(),
      kind: "instance",
      level: "info",
      text: "about web1 alone",
      group: 0,
      channel: 0,
    });
    await page.evaluate("document.querySelectorAll('.opener').forEach((opener) => opener.click())");
    const panels = "[...document.querySelectorAll('.details')].map((each) => each.innerText)";
    await page.until(`${panels}[0].includes('about web1 alone')`);
    for (const what of ["client closed", "relaying"]) {
      await page.until(`${panels}.every((text) => text.includes('${what}'))`);
    }
    assert(!(await page.evaluate<string[]>(panels))[1]?.includes("about web1 alone"));
    for (const path of ["/api/causes/0.1", "/api/conns/0.1"]) assert(fake.asked.includes(path));
  },
);

test("follows channels that come, change and go", async (page, fake) => {
  const [group] = fake.world.groups;
  group?.channels.push(fakeChannel(2, "web3", fake.world.now));
  const names = "[...document.querySelectorAll('.opener')].map((each) => each.textContent).join()";
  await page.until(`${names} === 'web1,web2,web3'`);
  await page.evaluate("document.querySelectorAll('.opener')[1].click()");
  group?.channels.splice(1, 1);
  await page.until(`${names} === 'web1,web3'`);
  assertEquals(await page.evaluate("document.querySelector('.details')"), null);
  assertEquals(page.complaints, []);
});

/** Looks at an instance of so many groups and channels, whose time stands still. */
async function lookAtMany(
  counts: { readonly groups: number; readonly channels: number; readonly seconds: number },
  look: (page: Page, instance: FakeInstance) => Promise<void>,
): Promise<void> {
  const now = Date.now();
  const groups = Array.from({ length: counts.groups }, (_, group) => ({
    group,
    method: "rr" as const,
    channels: Array.from(
      { length: counts.channels },
      (_, at) => fakeChannel(at, `web${group}-${at}`, now),
    ),
  }));
  await using instance = new FakeInstance(new FakeWorld(now, groups));
  instance.remember(counts.seconds);
  instance.start(false);
  await using browser = await Browser.start();
  await using page = await browser.open(instance.url, VIEW);
  const all = counts.groups * counts.channels;
  await page.until(`document.querySelectorAll('.channel').length === ${all}`);
  await page.until("document.querySelector('#ends b')");
  await look(page, instance);
}

/** The minute of the first channel, as it is drawn. */
const SPARK = "document.querySelector('.channel .spark path').getAttribute('d')";

/** Lets a second pass, until it is drawn. */
async function tick(page: Page, instance: FakeInstance): Promise<void> {
  const before = await page.evaluate(SPARK);
  instance.tick();
  await page.until(`${SPARK} !== ${JSON.stringify(before)}`);
}

Deno.test({
  ...needing(program("chromium"), "the dashboard grows nothing as time goes by"),
  fn: () =>
    // After ten minutes everything that is remembered is there.
    lookAtMany({ groups: 4, channels: 16, seconds: 600 }, async (page, instance) => {
      const sizes = async (): Promise<{ nodes: number; heap: number }> => {
        await page.call("HeapProfiler.collectGarbage");
        const { usedSize } = await page.call<{ usedSize: number }>("Runtime.getHeapUsage");
        const nodes = await page.evaluate<number>("document.querySelectorAll('*').length");
        return { nodes, heap: usedSize };
      };
      for (let warm = 0; warm < 10; warm++) await tick(page, instance);
      const before = await sizes();
      for (let each = 0; each < 100; each++) await tick(page, instance);
      const after = await sizes();
      assertEquals(after.nodes, before.nodes);
      // A hundred states of this size take some 4 MB.
      assert(after.heap < before.heap + 1_000_000, `${before.heap} ${after.heap}`);
    }),
});

Deno.test({
  ...needing(
    program("chromium"),
    "the dashboard of 1024 servers draws those that are seen, below a head that stays",
  ),
  fn: () =>
    lookAtMany({ groups: 16, channels: 64, seconds: 20 }, async (page, instance) => {
      const last = "[...document.querySelectorAll('.channel td.conns')].at(-1)";
      await page.evaluate(`${last}.scrollIntoView()`);
      const top = "Math.round(document.querySelector('#servers th').getBoundingClientRect().top)";
      assertEquals(await page.evaluate(top), 88);
      const texts =
        `(() => [...document.querySelectorAll('.channel td.conns')].map((cell) => cell.textContent))()`;
      await page.until(`${texts}.at(-1) !== ''`);
      const before = await page.evaluate<string[]>(texts);
      instance.world.channel(15, 63).load = 12_345;
      instance.world.channel(0, 0).load = 12_345;
      instance.breakChannel(0, 1);
      instance.tick();
      await page.until(`${texts}.at(-1) !== '${before.at(-1)}'`);
      assertEquals((await page.evaluate<string[]>(texts))[0], before[0]);
      // What is not seen still tells its state, and its numbers when it is seen.
      const down = "document.querySelector('[data-condition=down] .opener')?.textContent";
      await page.until(`${down} === 'web0-1'`);
      await page.evaluate("scrollTo(0, 0)");
      await page.until(`${texts}[0] !== '${before[0]}'`);
    }),
});
