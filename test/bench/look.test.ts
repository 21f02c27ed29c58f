import assert from "node:assert/strict";
import { test } from "node:test";
import { inventory } from "../../bench/inventory.ts";
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

function seen(table: string, forward: number, hosts: string): string {
  return `${network}${table}--\n${forward}\n--\n${hosts}`;
}

test("the inventory is one controller, and workers with a pod CIDR each", () => {
  assert.deepEqual(nodes, [
    { name: "server", address: "10.240.0.10" },
    { name: "node-0", address: "10.240.0.11", podCidr: "10.200.0.0/24" },
    { name: "node-1", address: "10.240.0.12", podCidr: "10.200.1.0/24" },
  ]);
  const many = inventory(302);
  assert.equal(new Set(many.map(({ address }) => address)).size, 302);
  assert.equal(new Set(many.map(({ podCidr }) => podCidr)).size, 302);
});

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
  assert.match(
    wrongOn(node0, nodes, seen(routes, 1, own)) ?? "",
    /not wanted 10.200.0.0\/24/,
  );
  assert.match(
    wrongOn(node0, nodes, seen(other, 1, own + names)) ?? "",
    /hosts/,
  );
});

test("nothing is left when all is as it was", () => {
  assert.equal(leftOn(server, seen("", 0, untouched)), undefined);
  assert.match(leftOn(server, seen(routes, 0, untouched)) ?? "", /routes/);
  assert.match(leftOn(server, seen("", 1, untouched)) ?? "", /forwards/);
  assert.match(
    leftOn(server, seen("", 0, untouched + names)) ?? "",
    /not as it was/,
  );
});
