import { Model, placeOf } from "../../../lib/watch/page/model/model.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { fakeChannel, FakeWorld } from "../../kit/fake_documents.ts";

const START = Date.UTC(2026, 10, 25, 14);

/** A world of one channel whose time stands still but for {@link later}. */
function makeWorld(): FakeWorld {
  return new FakeWorld(START, [
    { group: 0, method: "rr", channels: [fakeChannel(0, "web1", START, { load: 0 })] },
  ]);
}

/** Time passes, and so many connections and bytes come. */
function later(world: FakeWorld, seconds: number, opened: number, sent = 0): FakeWorld {
  world.now += 1000 * seconds;
  const channel = world.channel(0, 0);
  channel.totalConnections += opened;
  channel.sentBytes += sent;
  return world;
}

Deno.test("rates are the difference of two states over the time between them", () => {
  const world = makeWorld();
  const model = new Model();
  model.fold(world.state());
  assertEquals(model.total.rates.opened, NaN);
  model.fold(later(world, 1, 318, 5000).state());
  assertEquals(model.total.rates, { opened: 318, sent: 5000, received: 0, failed: 0 });
  model.fold(later(world, 1.25, 100).state());
  assertEquals(model.track(0, 0)?.rates.opened, 80);
});

Deno.test("states that are too near to each other leave the rates as they are", () => {
  const world = makeWorld();
  const model = new Model();
  model.fold(world.state());
  model.fold(later(world, 1, 100).state());
  model.fold(later(world, 0.1, 50).state());
  assertEquals(model.total.rates.opened, 100);
  model.fold(later(world, 0.9, 50).state());
  assertEquals(model.total.rates.opened, 100);
});

Deno.test("after a gap, a reset or a restart the rates are not known", () => {
  const world = makeWorld();
  const model = new Model();
  model.fold(later(world, 1, 100).state());
  model.fold(later(world, 60, 100).state());
  assertEquals(model.total.rates.opened, NaN);
  model.fold(later(world, 1, 10).state());
  assertEquals(model.total.rates.opened, 10);
  world.channel(0, 0).totalConnections = 3;
  model.fold(later(world, 1, 0).state());
  assertEquals(model.total.rates.opened, NaN);
  world.pid++;
  assertEquals(model.fold(later(world, 1, 500).state()), true);
  assertEquals(model.total.rates.opened, NaN);
  assertEquals(model.fold(later(world, 1, 5).state()), false);
  assertEquals(model.total.rates.opened, 5);
});

Deno.test("a channel that leads elsewhere begins anew, and one that is gone is forgotten", () => {
  const world = makeWorld();
  const model = new Model();
  model.fold(world.state());
  const track = model.track(0, 0);
  model.fold(later(world, 1, 1).state());
  assert(model.track(0, 0) === track);
  world.channel(0, 0).address = "10.9.9.9";
  model.fold(later(world, 1, 1).state());
  assert(model.track(0, 0) !== track);
  world.groups[0]?.channels.pop();
  world.now += 1000;
  model.fold(world.state());
  assertEquals(model.track(0, 0), undefined);
});

Deno.test("places are written as they are typed", () => {
  const place = (address: string, port: number): string =>
    placeOf(fakeChannel(0, "a", START, { address, port }));
  assertEquals(place("10.0.0.1", 80), "10.0.0.1:80");
  assertEquals(place("2001:db8::3", 80), "[2001:db8::3]:80");
  assertEquals(place("/run/web.sock", 0), "/run/web.sock");
});
