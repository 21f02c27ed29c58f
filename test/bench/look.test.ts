import assert from "node:assert/strict";
import { test } from "node:test";
import { inventory, routesOn } from "../../bench/inventory.ts";
import { leftOn, wrongOn } from "../../bench/look.ts";

const nodes = inventory(3);
const [server, node0] = nodes;
assert.ok(server && node0);

const network =
  "10.240.0.0/20 dev eth0 proto kernel scope link src 10.240.0.10\n";
const untouched = "127.0.0.1 localhost\n127.0.1.1 server\n";
const names = "10.240.0.11 node-0\n10.240.0.12 node-1\n";
const routes =
  "10.200.0.0/24 via 10.240.0.11 dev eth0 proto 173\n10.200.1.0/24 via 10.240.0.12 dev eth0\n";

function seen(
  table: string,
  forward: number,
  hosts: string,
  forward6 = 0,
): string {
  return `${network}${table}--\n${forward}\n${forward6}\n--\n${hosts}`;
}

test("the inventory is one controller, and workers with a pod CIDR each", () => {
  const node = (name: string, address: string, ...podCidrs: string[]) => ({
    name,
    address,
    internalIps: [address],
    podCidrs,
  });
  assert.deepEqual(nodes, [
    node("server", "10.240.0.10"),
    node("node-0", "10.240.0.11", "10.200.0.0/24"),
    node("node-1", "10.240.0.12", "10.200.1.0/24"),
  ]);
});

test("the scattered inventory has both address families in no order, and is the same every time", () => {
  const many = inventory(302, "scattered");
  assert.deepEqual(many.slice(0, 30), inventory(30, "scattered"));
  for (const key of ["internalIps", "podCidrs"] as const) {
    const numbers = many.map((node) => {
      const [, second, third, fourth] = (node[key][0] ?? "").split(/[./]/);
      return Number(second) * 65536 + Number(third) * 256 + Number(fourth);
    });
    const rising = numbers.filter((n, i) => n > (numbers[i - 1] ?? n));
    // about every second one: all would be a sequence
    assert.ok(
      rising.length > 100 && rising.length < 200,
      String(rising.length),
    );
  }
  const [host] = many;
  const families = (routesOn(host ?? server, many) ?? []).map((route) =>
    /^10\.[\d.]+\/24 via 172\.16\.[\d.]+$/.test(route)
      ? 4
      : /^fd00:200:0:[\da-f]+::\/64 via fd00:240::[\da-f]+$/.test(route)
        ? 6
        : 0,
  );
  assert.equal(families.filter((family) => family === 4).length, 301);
  assert.equal(families.filter((family) => family === 6).length, 301);
});

for (const layout of ["sequential", "scattered"] as const) {
  test(`no two hosts of the ${layout} inventory share an address or a pod CIDR`, () => {
    const many = inventory(302, layout);
    for (const all of [
      many.map(({ address }) => address),
      many.flatMap(({ internalIps }) => internalIps),
      many.flatMap(({ podCidrs }) => podCidrs),
    ]) {
      assert.equal(new Set(all).size, all.length);
    }
  });
}

test("all the work is all routes, forwarding, and the names on the controller", () => {
  const block = `# BEGIN\n${names}# END\n`;
  const right = seen(routes, 1, untouched + block);
  assert.equal(wrongOn(server, nodes, right), undefined);
  for (const [text, fault] of [
    [
      seen(`${routes.split("\n")[0]}\n`, 1, untouched + block),
      "server: routes: 1 instead of 2, missing 10.200.1.0/24 via 10.240.0.12, not wanted none",
    ],
    [
      seen(`${routes}10.9.0.0/24 via 10.240.0.9 dev eth0\n`, 1, untouched),
      "server: routes: 3 instead of 2, missing none, not wanted 10.9.0.0/24 via 10.240.0.9",
    ],
    [
      seen(routes.replace(".11", ".12"), 1, untouched + block),
      "server: routes: 2 instead of 2, missing 10.200.0.0/24 via 10.240.0.11, not wanted 10.200.0.0/24 via 10.240.0.12",
    ],
    [seen(routes, 0, untouched + block), "server does not forward"],
    [
      seen(routes, 1, untouched),
      "server: lines of /etc/hosts: 0 instead of 2, missing 10.240.0.11 node-0, not wanted none",
    ],
    [
      seen(routes, 1, untouched + block + block),
      "server: lines of /etc/hosts: 4 instead of 2, missing none, not wanted none",
    ],
    [seen(routes, 1, block), "server: its own lines of /etc/hosts are gone"],
  ] as const) {
    assert.equal(wrongOn(server, nodes, text), fault);
  }
});

test("a worker has no route to itself and no names", () => {
  const own = "127.0.0.1 localhost\n127.0.1.1 node-0\n";
  const other = "10.200.1.0/24 via 10.240.0.12 dev eth0\n";
  assert.equal(wrongOn(node0, nodes, seen(other, 1, own)), undefined);
  const wrong = (text: string) => wrongOn(node0, nodes, text) ?? "";
  assert.match(wrong(seen(routes, 1, own)), /not wanted 10.200.0.0\/24/);
  assert.match(wrong(seen(other, 1, own + names)), /hosts/);
});

test("a host with pods of both address families forwards both", () => {
  const both = inventory(2, "scattered");
  const [controller, worker] = both;
  assert.ok(controller && worker);
  const own = "127.0.0.1 localhost\n127.0.1.1 node-0\n";
  assert.equal(wrongOn(worker, both, seen("", 1, own, 1)), undefined);
  assert.match(wrongOn(worker, both, seen("", 1, own)) ?? "", /forward/);
  assert.match(leftOn(worker, seen("", 0, own, 1)) ?? "", /forwards/);
});

test("nothing is left when all is as it was", () => {
  const left = (text: string) => leftOn(server, text) ?? "nothing";
  assert.equal(left(seen("", 0, untouched)), "nothing");
  assert.match(left(seen(routes, 0, untouched)), /routes/);
  assert.match(left(seen("", 1, untouched)), /forwards/);
  assert.match(left(seen("", 0, untouched + names)), /not as it was/);
});
