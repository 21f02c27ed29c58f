import assert from "node:assert/strict";
import { test } from "node:test";
import { Faults } from "../../../components/core/faults.ts";
import {
  elsewhere,
  takenFaults,
  withRenamed,
} from "../../../components/stack/elsewhere.ts";

const component = "urn:pulumi:s::p::a:b:Group$x:index:Routes::new";
const route = (type: string, place?: string) => ({
  place,
  urn: `urn:pulumi:s::p::${type}aws:ec2/route:Route::old-a`,
});
const ours = route("a:b:Group$x:index:Routes$", "a");

const sorted = (...others: Record<string, unknown>[]) =>
  elsewhere(component, others, ({ place }) => place as string | undefined);

test("a route of a component of the same type and parents is this one's, whatever that was called", () => {
  const { renamed, taken } = sorted(ours);
  assert.deepEqual([...renamed], [["a", ours]]);
  assert.deepEqual([...taken], []);
});

test("a route that the user or a component under another parent declares is taken", () => {
  for (const type of ["", "x:index:Routes$", "a:b:Group$x:index:Other$"]) {
    const theirs = route(type, "a");
    const { renamed, taken } = sorted(theirs);
    assert.deepEqual([...renamed], []);
    assert.deepEqual([...taken], [["a", theirs]]);
  }
});

test("a route that is in another place is neither", () => {
  const { renamed, taken } = sorted(
    route("", undefined),
    route("a:b:Group$x:index:Routes$", undefined),
  );
  assert.deepEqual([...renamed, ...taken], []);
});

test("only routes that are wanted, and that the component has not under its own name, are found under another", () => {
  const own = { urn: "own" };
  const [b, c] = ["b", "c"].map((place) => ({ ...ours, place }));
  const found = sorted(ours, { ...b }, { ...c });
  const all = withRenamed(new Map([["a", own]]), found, ["a", "b", "d"]);
  assert.deepEqual(
    [...all],
    [
      ["a", own],
      ["b", b],
    ],
  );
});

test("all wanted routes that are taken are one fault, with their URNs", () => {
  const faults = new Faults();
  const found = sorted(route("", "a"), { ...route("", "b"), urn: "urn-b" });
  takenFaults("new", [{ resource: "c" }], found, faults);
  assert.equal(faults.all.length, 0);
  takenFaults("new", [{ resource: "a" }, { resource: "b" }], found, faults);
  assert.equal(faults.all.length, 1);
  assert.ok(faults.all[0]?.message.includes(`${route("").urn}, urn-b`));
});
