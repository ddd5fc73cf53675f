/**
 * The dashboard in a real browser, on a made-up instance and on the real program: the same is asked of both.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { Browser, type Page, type View } from "../kit/browser.ts";
import {
  httpOption,
  startFake,
  startReal,
  type StartWatched,
  type Watched,
} from "../kit/dashboards.ts";
import { needing, program } from "../kit/needs.ts";
import { sleep } from "../kit/wait.ts";

const VIEW: View = { width: 1280, height: 900 };
/** From the news to the page: two seconds, and what a busy machine may need besides. */
const SHOWN_MS = 2000;
/** Longest way to anything by the Tab key. */
const TABS = 40;

const SUBJECTS: readonly [name: string, start: StartWatched][] = [
  ["a made-up instance", startFake],
  ["the real program", startReal],
];

const CHROMIUM = program("chromium");

/** Looks at an instance. */
async function look(
  start: StartWatched,
  test: (page: Page, watched: Watched) => Promise<void>,
  view = VIEW,
): Promise<void> {
  await using watched = await start();
  await using browser = await Browser.start();
  await using page = await browser.open(watched.url, view);
  await page.until("document.querySelectorAll('.channel').length === 2");
  await test(page, watched);
}

/** Presses Tab until an element with this name has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let tabs = 0; tabs < TABS; tabs++) {
    await page.press("Tab");
    const focused = `document.activeElement.ariaLabel ?? document.activeElement.textContent`;
    if (await page.evaluate(`(${focused}) === ${JSON.stringify(name)}`)) return;
  }
  throw new Error(`Tab never comes to ${name}`);
}

/** Enters the token by keyboard, from wherever the focus is. */
async function unlock(page: Page, token: string): Promise<void> {
  await tabTo(page, "Operate");
  await page.press("Enter");
  await page.until("document.activeElement.id === 'token'");
  await page.type(token);
  await page.press("Enter");
  await page.until("document.querySelector('#operate button').textContent === 'Lock'");
}

for (const [name, start] of SUBJECTS) {
  const needs = start === startReal ? [CHROMIUM, httpOption()] : [CHROMIUM];
  const test = (what: string, fn: () => Promise<void>): void =>
    Deno.test({ ...needing(needs, `the dashboard of ${name} ${what}`), fn });

  test("loads without a complaint of the browser and asks nobody else for anything", () =>
    look(start, async (page, { url }) => {
      await page.until("document.querySelectorAll('.u-wrap canvas').length === 2");
      await page.until("document.title.startsWith('All 2 servers up')");
      await page.evaluate("document.querySelector('.opener').click()");
      await page.until("document.querySelectorAll('.u-wrap canvas').length === 4");
      await page.until("document.querySelector('.details .connections td')");
      assertEquals(page.complaints, []);
      const strangers = page.requests.filter((address) =>
        !address.startsWith(url) && !address.startsWith("data:")
      );
      assertEquals(strangers, []);
    }));

  test("shows within two seconds that a server has gone down, and that it is up again", () =>
    look(start, async (page, watched) => {
      await page.until("document.querySelector('h1').textContent === 'All 2 servers up'");
      await watched.breakServer();
      await page.until("/^1 of 2 down: web2 since/.test(document.title)", SHOWN_MS);
      assert((await page.text("h1")).startsWith("1 of 2 down: web2 since"));
      assertEquals(await page.text("[data-condition=down] .server button"), "web2");
      assertEquals(await page.text("[data-condition=down] .state"), "down");
      assert((await page.text("#events li")).includes("web2"));
      await watched.healServer();
      await page.until("document.title.startsWith('All 2 servers up')");
    }));

  test("moves its plots", () =>
    look(start, async (page) => {
      const pictures = "[...document.querySelectorAll('.u-wrap canvas')].map((c) => c.toDataURL())";
      await page.until(`${pictures}.length === 2`);
      await page.evaluate(`globalThis.before = ${pictures}`);
      await page.until(`${pictures}.every((picture, at) => picture !== before[at])`);
    }));

  test("drains a server by keyboard alone, and gives it back", () =>
    look(start, async (page, watched) => {
      await tabTo(page, "web1");
      await page.press("ArrowDown");
      await page.press("Enter");
      await page.until("document.querySelector('.details')");
      await tabTo(page, "Operate web2: enter the token");
      await page.press("Enter");
      await page.press("Escape");
      await page.until("!document.querySelector('dialog').open");
      await unlock(page, watched.token);
      await page.evaluate("document.querySelector('.opener').focus()");
      await tabTo(page, "Drain web2");
      await page.press("Enter");
      const word = "document.querySelectorAll('.channel .state span')[1].textContent";
      await page.until(`${word} === 'draining' || ${word} === 'disabled'`);
      assertEquals(await page.text("[data-condition=up] .server button"), "web1");
      await tabTo(page, "Enable web2");
      await page.press("Enter");
      await page.until("document.querySelectorAll('[data-condition=up]').length === 2");
      await page.press("Escape");
      assertEquals(await page.evaluate("document.querySelector('.details')"), null);
      assertEquals(await page.evaluate("document.activeElement.textContent"), "web2");
      assertEquals(page.complaints, []);
    }));

  test("cuts connections only after a question", () =>
    look(start, async (page, watched) => {
      await unlock(page, watched.token);
      await page.evaluate("document.querySelector('.opener').click()");
      const press = `document.querySelector('button[aria-label="Cut web1"]').click()`;
      await page.until(
        `document.querySelector('[aria-label="Cut web1"]')?.ariaDisabled === "false"`,
      );
      await page.evaluate(press);
      // What is safe has the focus.
      assertEquals(await page.evaluate("document.activeElement.textContent"), "Cancel");
      await page.press("Enter");
      assertEquals(await page.evaluate("document.querySelector('dialog').open"), false);
      assertGreater(Number((await page.text("td.conns")).replace(",", "")), 0);
      await page.evaluate(press);
      await page.until("document.querySelector('dialog').open");
      await page.evaluate("document.querySelector('dialog .grave').click()");
      await page.until("!/^$|…$/.test(document.querySelector('.details .note').textContent)");
      assertEquals(await page.evaluate("document.querySelector('dialog').open"), false);
    }));

  test("asks again at once after a question was turned down", () =>
    look(start, async (page, watched) => {
      await unlock(page, watched.token);
      await page.evaluate("document.querySelector('.opener').click()");
      await page.until(
        `document.querySelector('[aria-label="Cut web1"]')?.ariaDisabled === "false"`,
      );
      // In one go: the event that tells of the first question's end comes when the second one is open.
      await page.evaluate(`{
        const cut = document.querySelector('button[aria-label="Cut web1"]');
        cut.click();
        document.querySelector('dialog').close();
        cut.click();
      }`);
      await page.until("document.querySelector('dialog').open");
      await page.evaluate(
        "new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)))",
      );
      await page.evaluate("document.querySelector('dialog .grave').click()");
      await page.until("!/^$|…$/.test(document.querySelector('.details .note').textContent)");
    }));

  for (const dark of [false, true]) {
    for (const width of [380, 800, 1000, 1600]) {
      const how = `${width} pixels wide and ${dark ? "dark" : "light"}`;
      test(`fits and can be read, ${how}`, () =>
        look(start, async (page, watched) => {
          await watched.breakServer();
          await page.until("document.querySelector('[data-condition=down]')");
          await page.evaluate("document.querySelector('.opener').click()");
          await page.until("document.querySelector('.details .connections td')");
          await page.until("document.querySelectorAll('.u-wrap canvas').length === 4");
          const wide = "document.documentElement.scrollWidth";
          assertEquals(await page.evaluate(`${wide} <= ${width} || ${wide}`), true);
          assertEquals(await page.evaluate(PALE), []);
        }, { ...VIEW, width, dark }));
    }
  }

  test("has a name for every control and picture", () =>
    look(start, async (page, watched) => {
      await unlock(page, watched.token);
      await page.evaluate("document.querySelector('.opener').click()");
      await page.until("document.querySelector('.details .connections td')");
      const nodes = await page.accessibility();
      const roles = ["button", "link", "textbox", "image", "table", "region", "list", "dialog"];
      const things = nodes.filter(({ role }) => roles.includes(role?.value ?? ""));
      const nameless = things.filter(({ role, name }) =>
        // Lists of marks are named by their figure's heading.
        (name?.value ?? "") === "" && role?.value !== "list"
      );
      assertEquals(nameless.map(({ role }) => role?.value), []);
      const named = new Set(things.map(({ name }) => name?.value));
      for (const wanted of ["web1", "web2", "Drain web1", "Cut web1", "Lock"]) {
        assert(named.has(wanted), wanted);
      }
      // Rows that are laid out as something else stay rows.
      const roleCount = (role: string): number =>
        nodes.filter((node) => node.role?.value === role).length;
      assertEquals(roleCount("rowheader") >= 3 && roleCount("row") >= 5, true);
    }, { ...VIEW, width: 380 }));

  test("says that it is not connected, and comes back by itself", () =>
    look(start, async (page, watched) => {
      await page.until("document.body.className === 'well'");
      await watched.stop();
      await page.until("document.body.className === 'stale'");
      assert(/^Not connected since \d\d:\d\d:\d\d, trying again$/.test(await page.text("h1")));
      assert((await page.evaluate<string>("document.title")).startsWith("Not connected since"));
      assertEquals(await page.evaluate(PALE), []);
      await sleep(1000);
      await watched.restart();
      await page.until("document.body.className === 'well'", SHOWN_MS * 4);
      assert((await page.text("#events")).includes("the instance was started again"));
      assertEquals(await page.evaluate("document.querySelectorAll('.channel').length"), 2);
    }));
}

/** Texts that stand out from what is behind them by less than 4.5 to 1. */
const PALE = `(() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (colour) => {
    const [r, g, b] = parse(colour).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let each = element; each !== null; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (parse(colour)[3] !== 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll("body *")].flatMap((element) => {
    const own = [...element.childNodes].some((node) =>
      node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== ""
    );
    if (!own || !element.checkVisibility()) return [];
    const [a, b] = [getComputedStyle(element).color, behind(element)].map(light);
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return contrast < 4.5 ? [element.outerHTML.slice(0, 80) + " " + contrast.toFixed(2)] : [];
  });
})()`;
